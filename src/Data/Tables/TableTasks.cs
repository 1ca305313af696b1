using AlpacaCot.Specs;

namespace AlpacaCot.Data.Tables;

/// <summary>Questions about tables as instruction rows: the instruction explains how the table is written, the input holds it.</summary>
public static class TableTasks
{
    /// <summary>What stands between the values of an answer.</summary>
    public const string Between = " | ";

    /// <summary>The row of a question.</summary>
    public static InstructionRecord Record(TableQuestion question, TableOptions options, string source)
    {
        var task = options.Task ?? question.Task;
        var table = TableText.Write(question.Table, options.Form, options.RepeatMerged);
        var form = Explained(TableText.FormOf(question.Table, options.Form, options.RepeatMerged));
        var title = question.Table.Title is { Length: > 0 } named ? named : null;
        var shown = $"Table:\n{table}" + (title is null ? "" : $"\nTable title:\n{title}");
        var answer = string.Join(Between, question.Answers);
        return task switch
        {
            TableTask.TextToTable => new($"Write the table that the text describes. {form}", $"Text:\n{Described(question.Table)}", table, null, null, source, question.Row),
            TableTask.TableToText => new($"Describe the table in sentences, row by row. {form}", shown, Described(question.Table), null, null, source, question.Row),
            TableTask.Facts => new($"Read the table and say whether the statement on it is true. Answer True or False. {form}", $"{shown}\nStatement:\n{question.Text}", answer, question.Working, answer, source, question.Row),
            _ => new(
                $"Read the table and answer the question from it. Put {Between.Trim()} between several answers. {form}",
                $"{shown}\nQuestion:\n{question.Text}" + (question.Choices.Count == 0 ? "" : $"\nOptions:\n{string.Join('\n', question.Choices.Select(choice => $"- {choice}"))}"),
                answer, question.Working, answer, source, question.Row),
        };
    }

    /// <summary>What a table says, a sentence for each row.</summary>
    public static string Described(DataTable table)
    {
        var grid = table.Grid();
        var heads = Enumerable.Range(0, grid.Count == 0 ? 0 : grid[0].Count)
            .Select(column => string.Join(", ", grid.Take(table.HeaderRows).Select(row => row[column].Trim()).Where(text => text.Length > 0).Distinct())).ToList();
        var sentences = new List<string>();
        foreach (var row in grid.Skip(table.HeaderRows))
        {
            var name = string.Join(", ", row.Take(table.HeaderColumns).Select(text => text.Trim()).Where(text => text.Length > 0).Distinct());
            var said = row.Select((text, column) => (Head: heads[column], Text: text.Trim(), Column: column)).Where(cell => cell.Column >= table.HeaderColumns && cell.Text.Length > 0)
                .Select(cell => cell.Head.Length > 0 ? $"{cell.Head} is {cell.Text}" : cell.Text).ToList();
            if (said.Count > 0) sentences.Add($"{(name.Length > 0 ? $"For {name}, " : "")}{string.Join("; ", said)}.".ReplaceLineEndings(" "));
        }
        return (table.Title is { Length: > 0 } title ? $"{title}:\n" : "") + string.Join('\n', sentences);
    }

    private static string Explained(TableForm form) => form switch
    {
        TableForm.Markdown => "The table is written in Markdown: | stands between cells, and each row has a line of its own.",
        TableForm.Html => "The table is written in HTML: tr is a row, th a header cell, td a cell; rowspan and colspan say how many rows and columns a cell covers.",
        TableForm.Latex => "The table is written in LaTeX: & stands between cells, and \\\\ ends a row.",
        _ => "The table is written in one line: the header stands after [HEAD], each row after [ROW] and its number, and | stands between cells.",
    };
}
