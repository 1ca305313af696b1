using System.Text;
using AlpacaCot.Data.Importing;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Tables;

/// <summary>WikiTableQuestions: a TSV of id, utterance, context and targetValue; context is the path of a CSV table whose fields are all quoted, with a backslash before a quote.</summary>
internal static class WikiTables
{
    private const int Columns = 4;

    public static IEnumerable<TableQuestion> Read(TextFile source, Action<string>? remark)
    {
        var path = source.Path;
        var tables = new Dictionary<string, DataTable?>(StringComparer.Ordinal);
        var mistakes = new RowMistakes(path);
        var questions = new List<TableQuestion>();
        var (row, missing) = (0, 0);
        foreach (var (number, cells) in Rows(source, mistakes))
        {
            row++;
            if (cells.Length != Columns)
            {
                mistakes.Add($"row {row}, line {number}", $"has {cells.Length} columns, expected {Columns}: id, utterance, context, targetValue");
                continue;
            }
            if (!tables.TryGetValue(cells[2], out var table)) tables[cells[2]] = table = Find(path, cells[2]) is { } file ? Table(source with { Path = file }) : null;
            if (table is null) missing++;
            else questions.Add(new TableQuestion(table, Denotation.Items(cells[1])[0], Denotation.Items(cells[3]), TableTask.Questions, row));
        }
        mistakes.Throw();
        if (missing > 0) remark?.Invoke($"{Path.GetFileName(path)}: {missing} of {row} questions name tables that are not there and are left out");
        return questions;
    }

    /// <summary>The tables that the questions name and that are there, each once.</summary>
    public static IReadOnlyList<string> Tables(TextFile source)
        => [.. Rows(source, new RowMistakes(source.Path)).Where(row => row.Cells.Length == Columns).Select(row => row.Cells[2]).Distinct().Select(context => Find(source.Path, context)).OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>A table of the set: real line breaks within quotes, <c>\"</c> for a quote, <c>\\</c> for a backslash.</summary>
    public static DataTable Table(TextFile file)
    {
        var text = RowFile.Text(file);
        var rows = new List<List<string>> { new() };
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == '"')
            {
                rows[^1].Add(Quoted(text, ref at));
                if (at < text.Length && text[at] == ',') at++;
            }
            else if (text[at] is '\r' or '\n')
            {
                at += text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1;
                if (rows[^1].Count > 0) rows.Add([]);
            }
            else
            {
                var end = text.AsSpan(at).IndexOfAny(',', '\n');
                end = end < 0 ? text.Length : at + end;
                rows[^1].Add(text[at..end].TrimEnd('\r'));
                at = end < text.Length && text[end] == ',' ? end + 1 : end;
            }
        }
        if (rows[^1].Count == 0) rows.RemoveAt(rows.Count - 1);
        return rows.Count == 0 ? throw new DatasetException($"{file}: is an empty table") : DataTable.Of(rows);
    }

    private static string Quoted(string text, ref int at)
    {
        var field = new StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\') at++;
            field.Append(text[at]);
        }
        at++;
        return field.ToString();
    }

    private static IEnumerable<(int Number, string[] Cells)> Rows(TextFile file, RowMistakes mistakes)
    {
        using var stream = SourceText.Open(file);
        // The first line is the header.
        foreach (var (number, bytes) in SourceText.Lines(stream).Skip(1))
        {
            var (line, mistake) = SourceText.Decode(bytes, file.Encoding);
            if (mistake is not null) mistakes.Add($"line {number}", mistake);
            else if (line!.Length > 0) yield return (number, line.Split('\t'));
        }
    }

    // The published repository has the questions in data/ and the tables beside that folder.
    private static string? Find(string path, string context)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (context.Contains("..", StringComparison.Ordinal) || Path.IsPathRooted(context)) return null;
        return ((string[])[folder, Path.GetDirectoryName(folder) ?? folder]).Select(root => Path.Combine(root, context)).FirstOrDefault(File.Exists);
    }
}
