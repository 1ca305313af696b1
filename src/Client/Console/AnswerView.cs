using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>Answers of several trials to one prompt, side by side.</summary>
internal static class AnswerView
{
    /// <summary>Prints a column for each trial.</summary>
    public static void Print(string prompt, IReadOnlyList<(string Trial, string Answer)> answers)
    {
        var table = new Table().Border(TableBorder.Rounded).Expand().Title(new TableTitle(Markup.Escape(prompt)));
        foreach (var (trial, _) in answers) table.AddColumn(new TableColumn(new Text(trial)));
        table.AddRow(answers.Select(answer => new Text(answer.Answer)));
        AnsiConsole.Write(table);
    }
}
