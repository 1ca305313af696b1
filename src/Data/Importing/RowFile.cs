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
    public static IReadOnlyList<ObjectRow> Objects(string path) => [.. Stream(path)];

    /// <summary>The rows of a file as they are read, those before the first that is wrong.</summary>
    /// <exception cref="DatasetException">As <see cref="Objects(string)"/>, once the file has been read to its end.</exception>
    public static IEnumerable<ObjectRow> Stream(string path) => Stream((TextFile)path);

    internal static IReadOnlyList<ObjectRow> Objects(TextFile file) => [.. Stream(file)];

    private static IEnumerable<ObjectRow> Stream(TextFile file)
    {
        var mistakes = new RowMistakes(file.Path);
        var any = false;
        foreach (var row in Rows(file))
        {
            var mistake = row.Mistake;
            var fields = row.Value is { } value ? Fields(value, ref mistake) : null;
            if (mistake is not null) mistakes.Add(row.Place, mistake);
            if (mistakes.IsEnough) break;
            if (fields is null || mistakes.Count > 0) continue;
            any = true;
            yield return new ObjectRow(fields, row.Place);
        }
        mistakes.Throw();
        if (!any) throw RowMistakes.NoRows(file.Path);
    }

    /// <summary>A whole file as text.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or is not UTF-8.</exception>
    public static string Text(string path) => Text((TextFile)path);

    internal static string Text(TextFile file)
    {
        using var stream = SourceText.Open(file);
        RefuseLarge(file);
        using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException e)
        {
            throw OtherEncodings.Refusal(file, e);
        }
    }

    /// <summary>Refuses a file that is too large to be held whole.</summary>
    /// <exception cref="DatasetException">It is.</exception>
    internal static void RefuseLarge(TextFile file)
    {
        if (new FileInfo(file.Path).Length > LargestTable) throw new DatasetException($"{file}: has more than {LargestTable} bytes; write large tables as JSON lines");
    }

    internal static RowForm Sniff(TextFile file)
    {
        var path = file.Path;
        var bytes = SourceBytes.Head(path, Compression.SniffBytes);
        var columns = ParquetRows.Is(path, bytes) ? RowForm.Parquet : ArrowRows.Is(path, bytes) ? RowForm.Arrow : RowForm.Unknown;
        if (columns != RowForm.Unknown) return file.Encoding.IsNamed ? throw new DatasetException($"{path}: is a file of {columns}, whose texts are UTF-8: remove the encoding") : columns;
        var head = SourceText.Head(file);
        if (!file.Encoding.IsNamed && OtherEncodings.GuessWide(head) is { } wide)
            throw new DatasetException($"{path}: reads as {wide} without a byte order mark: convert the file to UTF-8 (iconv -f {wide} -t UTF-8){file.Encoding.OrNamed(wide)}");
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

    internal static DatasetException Unknown(TextFile path, string forms)
    {
        var line = Encoding.UTF8.GetString(SourceText.Head(path)).Split('\n')[0].Trim();
        return new DatasetException($"{path}: is neither {forms}; its first line is \"{(line.Length <= NameLength ? line : line[..NameLength] + "…")}\"");
    }

    /// <summary>The rows of a file as values, each whole or with what is wrong with it. The columns of a table have the types that pandas gives them.</summary>
    internal static IEnumerable<FileRow> Rows(TextFile file) => Sniff(file) switch
    {
        RowForm.JsonArray => JsonRecords.ReadArray(file),
        RowForm.JsonLines => JsonRecords.ReadLines(file),
        RowForm.Parquet => ParquetRows.Read(file.Path),
        RowForm.Arrow => ArrowRows.Read(file.Path),
        RowForm.Table or RowForm.Tsv => CsvRows.Read(file),
        _ => throw Unknown(file, "a JSON array, JSON lines, Parquet, Arrow nor a .csv file"),
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
