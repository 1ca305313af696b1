using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Data.Importing;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Tables;

/// <summary>
/// Reads questions about tables in the forms of four sets, told apart by what the file holds: WikiTableQuestions (a TSV whose rows name CSV tables), AIT-QA
/// (JSON lines whose rows name a table of a second file), TabMWP (one JSON object of problems with their tables), and TabFact-style rows (table, statement, label).
/// </summary>
public static class TableFiles
{
    private const string WikiHeader = "id\tutterance\tcontext\ttargetValue";

    /// <summary>The questions in the file's order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remark">Told of questions whose table is not there; they are left out.</param>
    /// <exception cref="DatasetException">The file is in none of the forms, or rows are wrong: all of them are told at once.</exception>
    public static IEnumerable<TableQuestion> Read(string path, Action<string>? remark = null) => Read((TextFile)path, remark);

    /// <summary>The same with the encoding of the file and of the tables that it names.</summary>
    internal static IEnumerable<TableQuestion> Read(TextFile file, Action<string>? remark)
    {
        var head = First(file);
        if (head.StartsWith(WikiHeader, StringComparison.Ordinal)) return WikiTables.Read(file, remark);
        return IsProblems(file.Path, head) ? Problems(file) : Rows(file, remark);
    }

    /// <summary>The other files that a file's questions need: what they hold changes the rows.</summary>
    internal static IReadOnlyList<string> Needed(TextFile file)
    {
        var path = file.Path;
        if (First(file).StartsWith(WikiHeader, StringComparison.Ordinal)) return WikiTables.Tables(file);
        return TablesBeside(path) is { } tables && File.Exists(tables) ? [tables] : [];
    }

    private static string First(TextFile file)
    {
        using var stream = SourceText.Open(file);
        using var reader = new StreamReader(stream);
        var start = new char[512];
        return new string(start, 0, reader.ReadBlock(start)).TrimStart();
    }

    // One object with a problem under each number, where JSON lines have an object a line.
    private static bool IsProblems(string path, string head)
    {
        if (!head.StartsWith('{') || Path.GetExtension(path).Equals(".jsonl", StringComparison.OrdinalIgnoreCase)) return false;
        var key = head[1..].TrimStart();
        var end = key.Length > 1 && key[0] == '"' ? key.IndexOf('"', 1) : -1;
        return end > 1 && key.AsSpan(1, end - 1).IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static IEnumerable<TableQuestion> Problems(TextFile file)
    {
        var path = file.Path;
        JsonObject problems;
        try
        {
            problems = JsonNode.Parse(RowFile.Text(file)) as JsonObject ?? throw new DatasetException($"{path}: is no JSON object of problems");
        }
        catch (JsonException e)
        {
            throw new DatasetException($"{path}: is not one whole JSON object: {e.Message}", e);
        }
        var mistakes = new RowMistakes(path);
        var questions = new List<TableQuestion>();
        foreach (var (id, node) in problems)
        {
            var fields = new TableFields(node as JsonObject ?? []);
            try
            {
                var lines = fields.Text("table").Split('\n').Select(line => line.Split(" | ").Select(cell => cell.Trim()).ToList()).ToList();
                // The columns have names of their own where the first line is a header.
                var header = fields.Node("table_for_pd") is not JsonObject columns || columns.Select(column => column.Key.Trim()).SequenceEqual(lines[0]);
                var unit = fields.Optional("unit");
                questions.Add(new TableQuestion(DataTable.Of(lines, header ? 1 : 0, title: fields.Optional("table_title")), fields.Text("question") + (unit is null ? "" : $" (unit: {unit})"), [fields.Text("answer")], TableTask.Questions, questions.Count + 1)
                {
                    Working = fields.Optional("solution"), Choices = fields.Texts("choices"),
                });
            }
            catch (RowException e)
            {
                mistakes.Add($"problem {id}", e.Message);
            }
        }
        mistakes.Throw();
        return questions;
    }

    private static IEnumerable<TableQuestion> Rows(TextFile file, Action<string>? remark)
    {
        var path = file.Path;
        var tables = new Lazy<IReadOnlyDictionary<string, DataTable>>(() => TablesBeside(path) is { } beside && File.Exists(beside) ? HeaderPaths.Read(file with { Path = beside })
            : throw new DatasetException($"{path}: its rows name tables by table_id; expected them in a file beside it, {Path.GetFileName(TablesBeside(path) ?? "…_tables.jsonl")}"));
        var mistakes = new RowMistakes(path);
        var questions = new List<TableQuestion>();
        var (row, missing) = (0, 0);
        foreach (var line in RowFile.Objects(file))
        {
            row++;
            var fields = new TableFields(line.Fields);
            try
            {
                var table = fields.Optional("table_id") is { } id && fields.Node("table") is null && fields.Node("table_text") is null ? tables.Value.GetValueOrDefault(id) : Inline(fields);
                if (table is null) missing++;
                else if (fields.Has("statement"))
                    questions.Add(new TableQuestion(table, fields.Text("statement"), [fields.Truth("label") ? "True" : "False"], TableTask.Facts, row));
                else questions.Add(new TableQuestion(table, fields.Text("question"), fields.Has("answers") ? fields.Texts("answers") : [fields.Text("answer")], TableTask.Questions, row));
            }
            catch (RowException e)
            {
                mistakes.Add(line.Place, e.Message);
            }
        }
        mistakes.Throw();
        if (missing > 0) remark?.Invoke($"{Path.GetFileName(path)}: {missing} of {row} questions name tables that are not there and are left out");
        return questions;
    }

    // A list of rows, or TabFact's text with # between cells.
    private static DataTable Inline(TableFields fields)
    {
        var title = fields.Optional("title") ?? fields.Optional("caption") ?? fields.Optional("table_caption");
        if (fields.Node("table") is JsonArray rows) return DataTable.Of(rows.Select(row => (IEnumerable<string>)[.. TableFields.Cells(row)]), title: title);
        var text = fields.Optional("table_text") ?? fields.Text("table");
        return DataTable.Of(text.Trim('\n').Split('\n').Select(line => line.TrimEnd('\r').Split('#')), title: title);
    }

    private static string? TablesBeside(string path)
    {
        var name = Path.GetFileName(path);
        var at = name.LastIndexOf("questions", StringComparison.Ordinal);
        return at < 0 ? null : Path.Combine(Path.GetDirectoryName(path) ?? "", name[..at] + "tables" + name[(at + "questions".Length)..]);
    }
}

/// <summary>A row's fields, read by name.</summary>
internal sealed class TableFields(JsonObject row)
{
    public bool Has(string name) => row.ContainsKey(name);

    public JsonNode? Node(string name) => row[name];

    public string Text(string name) => Optional(name) ?? throw new RowException(Has(name) ? $"{name} is no text" : $"has no {name}");

    public string? Optional(string name) => row[name] is JsonValue value ? Written(value) : null;

    public IReadOnlyList<string> Texts(string name) => row[name] is JsonArray items ? [.. Cells(items)] : Optional(name) is { } one ? [one] : [];

    public bool Truth(string name) => Text(name).ToLowerInvariant() switch
    {
        "1" or "true" or "entailed" or "supports" or "yes" => true,
        "0" or "false" or "refuted" or "refutes" or "no" => false,
        var other => throw new RowException($"{name} is '{other}', expected 1 or 0, true or false, entailed or refuted"),
    };

    public static IEnumerable<string> Cells(JsonNode? row)
        => row is JsonArray cells ? cells.Select(cell => cell is JsonValue value ? Written(value) : cell is null ? "" : throw new RowException("a cell is no text")) : throw new RowException("a row of the table is no list");

    private static string Written(JsonValue value) => value.TryGetValue<string>(out var text) ? text : value.ToJsonString();
}
