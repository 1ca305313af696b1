using System.Text;

namespace AlpacaCot.Data.Importing;

/// <summary>
/// Reads instruction records from a file, row by row. The form is told by the content, not by the file's name: a JSON array or JSON lines
/// (Alpaca <c>instruction, input, output</c>; GSM8K <c>question, answer</c>; seed tasks with <c>instances</c>), or a FLAN chain-of-thought TSV
/// (question, answer, rationale; no header, no quoting).
/// </summary>
public static class RecordReader
{
    /// <summary>Reads a file's records in its order. Literal backslash-n of the TSV form becomes a line break.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The records' source; null is the file's name.</param>
    /// <exception cref="DatasetException">The file is missing, empty, truncated or of no known form; the message names the row and line.</exception>
    public static IEnumerable<InstructionRecord> Read(string path, string? source = null)
    {
        source ??= Path.GetFileName(path);
        var any = false;
        foreach (var record in Open(path, source))
        {
            any = true;
            yield return record;
        }
        if (!any) throw new DatasetException($"{path}: holds no rows");
    }

    private static IEnumerable<InstructionRecord> Open(string path, string source) => Sniff(path) switch
    {
        Form.Json => JsonRecords.ReadArray(path, source),
        Form.JsonLines => JsonRecords.ReadLines(path, source),
        _ => TsvRecords.Read(path, source),
    };

    private static Form Sniff(string path)
    {
        var head = SourceText.Head(path);
        var first = head.AsSpan().TrimStart(" \t\r\n"u8);
        if (first.IsEmpty) throw new DatasetException($"{path}: is empty");
        if (first.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) throw new DatasetException($"{path}: is gzip-compressed; unpack it first");
        if (IsTsv(head)) return Form.Tsv;
        return first[0] switch
        {
            (byte)'[' => Form.Json,
            (byte)'{' => Form.JsonLines,
            _ => throw new DatasetException(
                $"{path}: is neither a JSON array, JSON lines nor a TSV of question, answer and rationale; its first line is \"{FirstLine(head)}\""),
        };
    }

    // Pretty-printed JSON may be indented with tabs, so the first column must hold something.
    private static bool IsTsv(byte[] head)
    {
        var end = Array.IndexOf(head, (byte)'\n');
        var line = Encoding.UTF8.GetString(head, 0, end < 0 ? head.Length : end).TrimEnd('\r');
        var columns = line.Split('\t');
        return columns.Length == TsvRecords.Columns && columns.All(column => column.Trim().Length > 0);
    }

    private static string FirstLine(byte[] head)
    {
        var line = Encoding.UTF8.GetString(head).Split('\n')[0].Trim();
        return line.Length <= 60 ? line : line[..60] + "…";
    }

    private enum Form
    {
        Json,
        JsonLines,
        Tsv,
    }
}
