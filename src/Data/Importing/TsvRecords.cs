namespace AlpacaCot.Data.Importing;

/// <summary>The chain-of-thought TSV files of FLAN v2: question with options, answer, rationale; UTF-8, no header, no quoting.</summary>
internal static class TsvRecords
{
    public const int Columns = 3;

    private const string EscapedBreak = "\\n";

    /// <summary>What people who add a header call the columns, in the order of the form.</summary>
    private static readonly string[][] _names =
    [
        ["question", "questions", "query", "instruction", "input", "inputs", "prompt", "source", "text", "problem", "q"],
        ["answer", "answers", "output", "outputs", "target", "targets", "response", "completion", "label", "gold", "a"],
        ["rationale", "rationales", "explanation", "explanations", "reasoning", "cot", "chain_of_thought", "chain of thought", "steps", "working", "r"],
    ];

    /// <summary>The rows in the file's order, each whole or with what is wrong with it. A header is no row.</summary>
    /// <param name="file">The file.</param>
    /// <param name="source">The records' source.</param>
    /// <param name="remark">Told of a header, which names the columns, and of rows with escaped line breaks.</param>
    public static IEnumerable<ReadRecord> Read(TextFile file, string source, Action<string>? remark)
    {
        using var stream = SourceText.Open(file);
        var (row, escaped) = (0, 0);
        var order = Enumerable.Range(0, Columns).ToArray();
        foreach (var (number, bytes) in SourceText.Lines(stream))
        {
            var place = $"row {row + 1}, line {number}";
            var (line, mistake) = SourceText.Decode(bytes, file.Encoding);
            if (line is null)
            {
                row++;
                yield return new ReadRecord(place, null, mistake);
                continue;
            }
            if (string.IsNullOrWhiteSpace(line)) continue;
            var columns = line.Split('\t');
            if (row == 0 && Header(columns) is { } header)
            {
                if (header is not [>= 0, >= 0, >= 0])
                {
                    yield return new ReadRecord($"line {number}", null, $"is a header ({string.Join(", ", columns)}) that does not name question, answer and rationale");
                    yield break;
                }
                order = header;
                remark?.Invoke($"{source}: line {number} is a header ({string.Join(", ", columns)}): it names the columns and is no row");
                continue;
            }
            row++;
            if (columns.Length != Columns)
            {
                yield return new ReadRecord(place, null, $"has {columns.Length} columns, expected {Columns}: question, answer, rationale");
                continue;
            }
            if (columns.Any(column => column.Contains(EscapedBreak, StringComparison.Ordinal))) escaped++;
            var answer = Text(columns[order[1]]);
            var rationale = Text(columns[order[2]]);
            yield return new ReadRecord(place, Conversation.Of(new InstructionRecord(Text(columns[order[0]]), "", answer, rationale.Length == 0 ? null : rationale, answer, source, row)), null);
        }
        if (escaped > 0) remark?.Invoke($"{source}: {escaped} of {row} rows write line breaks as the two characters {EscapedBreak}; they are read as line breaks");
    }

    // Two cells that are nothing but names of columns are no question with its answer. -1 stands for a column that is not named.
    private static int[]? Header(string[] cells)
    {
        var folded = cells.Select(cell => cell.Trim().Trim('"').ToLowerInvariant()).ToList();
        var order = _names.Select(names => folded.FindIndex(names.Contains)).ToArray();
        return order.Count(at => at >= 0) >= 2 ? order : null;
    }

    // The files write a line break as the two characters backslash and n; a trailing one would end the question in blank space.
    private static string Text(string column) => column.Replace(EscapedBreak, "\n", StringComparison.Ordinal).Trim();
}
