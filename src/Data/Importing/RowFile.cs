using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Data.Formats;

namespace AlpacaCot.Data.Importing;

/// <summary>A row as an object, with its place in the file.</summary>
/// <param name="Fields">The row.</param>
/// <param name="Place">Where it stands, for messages: <c>row 3, line 4</c>.</param>
public sealed record ObjectRow(JsonObject Fields, string Place);

/// <summary>The forms that files of rows have.</summary>
internal enum RowForm
{
    JsonArray,
    JsonLines,
    Tsv,
    Table,
    Parquet,
    Arrow,
    Unknown,
}

/// <summary>
/// Reads the rows of a file as objects, for whoever looks at columns by name: a JSON array, JSON lines, Parquet or Arrow (told by the content, whatever the file is
/// called), or CSV with a header (told by the name), compressed or not. UTF-8 and nothing else; a byte order mark is no part of the text.
/// </summary>
public static class RowFile
{
    private const int NameLength = 60;

    /// <summary>Bytes of the largest file that is read whole, as a table is to tell the types of its columns; JSON lines may be of any size.</summary>
    private const long LargestTable = 256 << 20;

    /// <summary>All rows of a file.</summary>
    /// <exception cref="DatasetException">The file is missing, empty or of no known form, or rows are wrong, all of which are told at once.</exception>
    public static IReadOnlyList<ObjectRow> Objects(string path)
    {
        var rows = new List<ObjectRow>();
        var mistakes = new RowMistakes(path);
        foreach (var row in Rows(path))
        {
            var mistake = row.Mistake;
            if (row.Value is { } value && Fields(value, ref mistake) is { } fields) rows.Add(new ObjectRow(fields, row.Place));
            if (mistake is not null) mistakes.Add(row.Place, mistake);
            if (mistakes.IsEnough) break;
        }
        mistakes.Throw();
        return rows.Count > 0 ? rows : throw RowMistakes.NoRows(path);
    }

    /// <summary>A whole file as text.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or is not UTF-8.</exception>
    public static string Text(string path)
    {
        using var stream = SourceText.Open(path);
        if (new FileInfo(path).Length > LargestTable) throw new DatasetException($"{path}: has more than {LargestTable} bytes; write large tables as JSON lines");
        using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException e)
        {
            throw OtherEncodings.Refusal(path, e);
        }
    }

    internal static RowForm Sniff(string path)
    {
        var bytes = SourceBytes.Head(path, Compression.SniffBytes);
        if (ParquetRows.Is(path, bytes)) return RowForm.Parquet;
        if (ArrowRows.Is(path, bytes)) return RowForm.Arrow;
        var head = SourceText.Head(path);
        var first = head.AsSpan().TrimStart(" \t\r\n"u8);
        if (first.IsEmpty) throw new DatasetException($"{path}: is empty");
        if (IsTsv(head)) return RowForm.Tsv;
        if (CsvRows.IsNamed(path)) return RowForm.Table;
        return first[0] switch
        {
            (byte)'[' => RowForm.JsonArray,
            (byte)'{' => RowForm.JsonLines,
            _ => RowForm.Unknown,
        };
    }

    internal static DatasetException Unknown(string path, string forms)
    {
        var line = Encoding.UTF8.GetString(SourceText.Head(path)).Split('\n')[0].Trim();
        return new DatasetException($"{path}: is neither {forms}; its first line is \"{(line.Length <= NameLength ? line : line[..NameLength] + "…")}\"");
    }

    /// <summary>The rows of a file as values, each whole or with what is wrong with it. The columns of a table have the types that pandas gives them.</summary>
    internal static IEnumerable<FileRow> Rows(string path) => Sniff(path) switch
    {
        RowForm.JsonArray => JsonRecords.ReadArray(path),
        RowForm.JsonLines => JsonRecords.ReadLines(path),
        RowForm.Parquet => ParquetRows.Read(path),
        RowForm.Arrow => ArrowRows.Read(path),
        RowForm.Table or RowForm.Tsv => CsvRows.Read(path),
        _ => throw Unknown(path, "a JSON array, JSON lines, Parquet, Arrow nor a .csv file"),
    };

    private static JsonObject? Fields(JsonElement value, ref string? mistake)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            mistake = $"is {JsonRow.Kind(value)}, expected an object";
            return null;
        }
        return JsonObject.Create(value);
    }

    // Pretty-printed JSON may be indented with tabs, so the first column must hold something.
    private static bool IsTsv(byte[] head)
    {
        var end = Array.IndexOf(head, (byte)'\n');
        var line = Encoding.UTF8.GetString(head, 0, end < 0 ? head.Length : end).TrimEnd('\r');
        var columns = line.Split('\t');
        return columns.Length == TsvRecords.Columns && columns.All(column => column.Trim().Length > 0);
    }
}
