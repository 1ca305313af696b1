namespace AlpacaCot.Data.Importing;

/// <summary>A row as a record, or what is wrong with it.</summary>
internal readonly record struct ReadRecord(string Place, InstructionRecord? Record, string? Mistake);

/// <summary>
/// Reads instruction records from a file, row by row. The form is told by the content, not by the file's name: a JSON array or JSON lines
/// (Alpaca <c>instruction, input, output</c>; GSM8K <c>question, answer</c>; seed tasks with <c>instances</c>), or a FLAN chain-of-thought TSV
/// (question, answer, rationale; no quoting; a header is noticed).
/// </summary>
public static class RecordReader
{
    /// <summary>Reads a file's records in its order. Literal backslash-n of the TSV form becomes a line break.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The records' source; null is the file's name.</param>
    /// <param name="remark">Told, in one sentence, what is unusual about the file and no mistake; may be null.</param>
    /// <exception cref="DatasetException">
    /// The file is missing, empty, truncated or of no known form, or rows are wrong: all of them are told at once, after the good rows before the first.
    /// </exception>
    public static IEnumerable<InstructionRecord> Read(string path, string? source = null, Action<string>? remark = null)
    {
        source ??= Path.GetFileName(path);
        var mistakes = new RowMistakes(path);
        var any = false;
        foreach (var row in Rows(path, source, remark))
        {
            if (row.Mistake is { } mistake) mistakes.Add(row.Place, mistake);
            if (mistakes.IsEnough) break;
            if (mistakes.Count > 0) continue;
            any = true;
            yield return row.Record!;
        }
        mistakes.Throw();
        if (!any) throw new DatasetException($"{path}: holds no rows");
    }

    private static IEnumerable<ReadRecord> Rows(string path, string source, Action<string>? remark) => RowFile.Sniff(path) switch
    {
        RowForm.JsonArray => JsonRecords.ReadArray(path).SelectMany(row => Records(row, source)),
        RowForm.JsonLines => JsonRecords.ReadLines(path).SelectMany(row => Records(row, source)),
        RowForm.Tsv => TsvRecords.Read(path, source, remark),
        _ => throw RowFile.Unknown(path, "a JSON array, JSON lines nor a TSV of question, answer and rationale"),
    };

    private static IEnumerable<ReadRecord> Records(FileRow row, string source)
    {
        if (row.Value is not { } value) return [new ReadRecord(row.Place, null, row.Mistake)];
        try
        {
            return [.. JsonRow.Records(value, source, row.Number).Select(record => new ReadRecord(row.Place, record, null))];
        }
        catch (RowException e)
        {
            return [new ReadRecord(row.Place, null, e.Message)];
        }
    }
}
