using System.Text;

namespace AlpacaCot.Data.Importing;

/// <summary>The chain-of-thought TSV files of FLAN v2: question with options, answer, rationale; UTF-8, no header, no quoting.</summary>
internal static class TsvRecords
{
    public const int Columns = 3;

    private static readonly UTF8Encoding _strict = new(false, throwOnInvalidBytes: true);

    public static IEnumerable<InstructionRecord> Read(string path, string source)
    {
        using var stream = SourceText.Open(path);
        var row = 0;
        foreach (var (number, bytes) in SourceText.Lines(stream))
        {
            var line = Decode(path, number, bytes);
            if (string.IsNullOrWhiteSpace(line)) continue;
            var columns = line.Split('\t');
            if (columns.Length != Columns)
                throw new DatasetException($"{path}: line {number} has {columns.Length} columns, expected {Columns}: question, answer, rationale");
            var answer = Text(columns[1]);
            var rationale = Text(columns[2]);
            yield return new InstructionRecord(Text(columns[0]), "", answer, rationale.Length == 0 ? null : rationale, answer, source, ++row);
        }
    }

    // The files write a line break as the two characters backslash and n; a trailing one would end the question in blank space.
    private static string Text(string column) => column.Replace("\\n", "\n", StringComparison.Ordinal).Trim();

    private static string Decode(string path, int number, ArraySegment<byte> bytes)
    {
        try
        {
            return _strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new DatasetException($"{path}: line {number} is not valid UTF-8; save the file as UTF-8", e);
        }
    }
}
