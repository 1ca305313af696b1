using AlpacaCot.Worker.Protocol;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>The findings of <c>doctor</c> as a table.</summary>
internal static class DoctorView
{
    /// <summary>Prints them.</summary>
    public static void Show(IReadOnlyList<DoctorFinding> findings)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn(new TableColumn("").NoWrap()).AddColumn("");
        foreach (var finding in findings)
        {
            var mark = finding.State switch { DoctorState.Ok => "[green]ok[/]", DoctorState.Note => "[yellow]note[/]", _ => "[red]problem[/]" };
            table.AddRow(new Markup(mark), new Text(finding.Check), new Text(finding.Fix is { } fix ? $"{finding.Found}\n→ {fix}" : finding.Found));
        }
        AnsiConsole.Write(table);
    }
}
