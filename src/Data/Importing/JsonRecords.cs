using System.Text.Json;
using System.Text.Unicode;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>One line of JSON lines: its value, or what is wrong with it.</summary>
internal readonly record struct JsonLine(int Number, JsonElement? Value, string? Mistake);

/// <summary>A line of a file before it is parsed.</summary>
/// <param name="Row">Its row, from 1; blank lines are none.</param>
/// <param name="Number">Its number in the file, from 1.</param>
/// <param name="Bytes">Its bytes; null where it is too long.</param>
internal readonly record struct RawLine(int Row, int Number, byte[]? Bytes);

/// <summary>Streams the values of a JSON array or of JSON lines; memory holds one batch of rows, never the file.</summary>
internal static class JsonRecords
{
    /// <summary>Deepest nesting of a row; data sets of tool calls and tables nest some twenty deep.</summary>
    public const int DeepestNesting = 256;

    private static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = DeepestNesting };

    /// <summary>The rows of a file of JSON lines.</summary>
    public static IEnumerable<FileRow> ReadLines(TextFile file) => RawLines(file).Select(line => Parse(line, file.Encoding));

    /// <summary>The lines that are not blank, each with its value or with what is wrong with it; a bad line does not end the file.</summary>
    public static IEnumerable<JsonLine> Lines(TextFile file) => RawLines(file).Select(line => line.Bytes is { } bytes ? ParseLine(line.Number, bytes, file.Encoding) : new JsonLine(line.Number, null, SourceText.TooLong));

    /// <summary>The lines that are not blank, as their bytes: parsing them is more work than finding them, and can be done by others.</summary>
    public static IEnumerable<RawLine> RawLines(TextFile file)
    {
        using var stream = SourceText.Open(file);
        var row = 0;
        foreach (var (number, bytes) in SourceText.Lines(stream))
            if (bytes is not { } line) yield return new RawLine(++row, number, null);
            else if (!line.AsSpan().Trim(" \t\r\n"u8).IsEmpty) yield return new RawLine(++row, number, [.. line]);
    }

    /// <summary>The row of a line.</summary>
    public static FileRow Parse(RawLine raw, SourceEncoding encoding)
    {
        if (raw.Bytes is not { } bytes) return new FileRow(raw.Row, raw.Number, null, SourceText.TooLong);
        var line = ParseLine(raw.Number, bytes, encoding);
        return line.Value is { } value ? FileRow.Of(raw.Row, raw.Number, value, encoding) : new FileRow(raw.Row, raw.Number, null, line.Mistake);
    }

    /// <summary>The rows of a file that holds one JSON array. After a mistake in the JSON itself nothing can follow.</summary>
    public static IEnumerable<FileRow> ReadArray(TextFile file) => UncheckedArray(file).Select(row => row.Value is { } value ? FileRow.Of(row.Number, row.Line, value, file.Encoding) : row);

    /// <summary>The same before anybody has looked into the values.</summary>
    public static IEnumerable<FileRow> UncheckedArray(TextFile file)
    {
        using var stream = SourceText.Open(file);
        var elements = new JsonArrayReader(stream, ReaderOptions);
        var batch = new List<JsonElement>();
        var row = 0;
        while (elements.Next(batch))
        {
            if (batch.Count == 0) yield return new FileRow(++row, elements.Line, null, SourceText.TooLong);
            foreach (var element in batch) yield return new FileRow(++row, null, element, null);
            batch.Clear();
        }
        if (elements.Mistake is { } mistake) yield return new FileRow(row + 1, mistake.Line, null, mistake.Text);
    }

    private static JsonLine ParseLine(int number, byte[] bytes, SourceEncoding encoding)
    {
        // The JSON reader does not look at the bytes of a text before it is asked for.
        if (!Utf8.IsValid(bytes)) return new JsonLine(number, null, encoding.Mistake(bytes));
        try
        {
            var reader = new Utf8JsonReader(bytes, ReaderOptions);
            var value = JsonElement.ParseValue(ref reader);
            // What follows the value is no JSON of this row, and the reader says so.
            while (reader.Read()) { }
            return new JsonLine(number, value, null);
        }
        catch (JsonException e)
        {
            return new JsonLine(number, null, $"is not one whole JSON object: {JsonProblem.Describe(e)}");
        }
    }
}
