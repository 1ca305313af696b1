using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>The findings of <c>doctor</c>: a table on a terminal that has room for one, plain lines elsewhere.</summary>
internal static class DoctorView
{
    /// <summary>Prints them.</summary>
    public static void Show(IReadOnlyList<DoctorFinding> findings)
    {
        if (Terminal.Output.HasRoom) Terminal.Output.Drawing.Write(Table(findings));
        else System.Console.Out.Write(Lines(findings));
    }

    /// <summary>A line for each finding, and one below it for its fix.</summary>
    internal static string Lines(IReadOnlyList<DoctorFinding> findings)
        => string.Concat(findings.Select(finding => $"{Word(finding),-8}{finding.Check}: {finding.Found}\n{(finding.Fix is { } fix ? $"        → {fix}\n" : "")}"));

    private static Table Table(IReadOnlyList<DoctorFinding> findings)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn(new TableColumn("").NoWrap()).AddColumn("");
        foreach (var finding in findings)
        {
            var colour = finding.State switch { DoctorState.Ok => "green", DoctorState.Note => "yellow", _ => "red" };
            table.AddRow(new Markup($"[{colour}]{Word(finding)}[/]"), new Text(finding.Check), new Text(VisibleText.Of(finding.Fix is { } fix ? $"{finding.Found}\n→ {fix}" : finding.Found)));
        }
        return table;
    }

    private static string Word(DoctorFinding finding) => finding.State switch { DoctorState.Ok => "ok", DoctorState.Note => "note", _ => "problem" };
}
