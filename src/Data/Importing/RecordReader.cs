using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Data.Preparation;

namespace AlpacaCot.Data.Importing;

/// <summary>A row as a conversation, or what is wrong with it.</summary>
internal readonly record struct ReadRecord(string Place, Conversation? Record, string? Mistake);

/// <summary>Makes conversations of one row of a set: its importer.</summary>
/// <param name="row">The row.</param>
/// <param name="source">What to call the set.</param>
/// <param name="number">The row's number, from 1.</param>
internal delegate IEnumerable<Conversation> RowImporter(JsonElement row, string source, int number);

/// <summary>What is known of a set's files besides their rows.</summary>
/// <param name="Columns">The columns of a table without a header.</param>
/// <param name="IsOneObject">Whether a file may be one JSON object with its rows inside.</param>
/// <param name="Encoding">The encoding that its source names; null where it names none.</param>
internal readonly record struct ReadOptions(IReadOnlyList<string>? Columns, bool IsOneObject, string? Encoding = null);

/// <summary>
/// Reads conversations from a file, row by row. The form is told by the content, not by the file's name: a JSON array, JSON lines, Parquet or Arrow, or a FLAN chain-of-thought TSV
/// (question, answer, rationale; no quoting; a header is noticed); a table is told by its name (.csv, .tsv). Each may be compressed (gzip, zstd, xz, bzip2, lz4, zip). The fields of a row tell what it
/// is: Alpaca <c>instruction, input, output</c> with <c>system</c> and <c>history</c>, ShareGPT <c>conversations</c>, OpenAI <c>messages</c>, preference pairs, GSM8K
/// <c>question, answer</c>, seed tasks with <c>instances</c>.
/// </summary>
public static class RecordReader
{
    /// <summary>Reads a file's conversations in its order. Literal backslash-n of the TSV form becomes a line break.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The conversations' source; null is the file's name.</param>
    /// <param name="remark">Told, in one sentence, what is unusual about the file and no mistake; may be null.</param>
    /// <param name="skipped">Told of each row that is wrong, which is then left out; null refuses the file.</param>
    /// <exception cref="DatasetException">
    /// The file is missing, empty, truncated or of no known form, or rows are wrong: all of them are told at once, after the good rows before the first.
    /// </exception>
    public static IEnumerable<Conversation> Read(string path, string? source = null, Action<string>? remark = null, Action<string>? skipped = null) => Read(path, source, remark, skipped, null, default);

    /// <summary>The same through a set's own importer.</summary>
    internal static IEnumerable<Conversation> Read(string path, string? source, Action<string>? remark, Action<string>? skipped, RowImporter? importer, ReadOptions options)
    {
        source ??= Path.GetFileName(path);
        var mistakes = new RowMistakes(path);
        var any = false;
        foreach (var row in Rows(new TextFile(path, SourceEncoding.Of(options.Encoding)), source, remark, importer ?? JsonRow.Records, options))
        {
            if (row.Mistake is { } mistake && skipped is not null)
            {
                any = true;
                skipped($"{source}: {row.Place}: {mistake}");
                continue;
            }
            if (row.Mistake is not null) mistakes.Add(row.Place, row.Mistake);
            if (mistakes.IsEnough) break;
            if (mistakes.Count > 0) continue;
            any = true;
            yield return row.Record!;
        }
        mistakes.Throw();
        if (!any) throw RowMistakes.NoRows(path);
    }

    private static IEnumerable<ReadRecord> Rows(TextFile file, string source, Action<string>? remark, RowImporter importer, ReadOptions options) => RowFile.Sniff(file) switch
    {
        RowForm.JsonLines when options.IsOneObject && ObjectFile.TryRead(file) is { } whole => Records(FileRow.Of(1, null, whole, file.Encoding), source, importer),
        RowForm.JsonArray => OnAllCores(
            JsonRecords.UncheckedArray(file), row => row.Value is { } value ? JsonMarshal.GetRawUtf8Value(value).Length : 0,
            row => Records(row.Value is { } value ? FileRow.Of(row.Number, row.Line, value, file.Encoding) : row, source, importer)),
        RowForm.JsonLines => OnAllCores(JsonRecords.RawLines(file), line => line.Bytes?.Length ?? 0, line => Records(JsonRecords.Parse(line, file.Encoding), source, importer)),
        RowForm.Parquet => Formats.ParquetRows.Read(file.Path).SelectMany(row => Records(row, source, importer)),
        RowForm.Arrow => Formats.ArrowRows.Read(file.Path).SelectMany(row => Records(row, source, importer)),
        RowForm.Table => CsvRows.ReadTexts(file, options.Columns).SelectMany(row => Records(row, source, importer)),
        RowForm.Tsv when options.Columns is { } columns => CsvRows.ReadTexts(file, columns).SelectMany(row => Records(row, source, importer)),
        RowForm.Tsv => TsvRecords.Read(file, source, remark),
        _ => throw RowFile.Unknown(file, "a JSON array, JSON lines, Parquet, Arrow, a .csv file nor a TSV of question, answer and rationale"),
    };

    private static IEnumerable<ReadRecord> OnAllCores<TRow>(IEnumerable<TRow> rows, Func<TRow, int> size, Func<TRow, IReadOnlyList<ReadRecord>> records)
        => OrderedParallel.Each(rows, size, records, Environment.ProcessorCount, CancellationToken.None).SelectMany(of => of);

    private static IReadOnlyList<ReadRecord> Records(FileRow row, string source, RowImporter importer)
    {
        if (row.Value is not { } value) return [new ReadRecord(row.Place, null, row.Mistake)];
        try
        {
            return [.. importer(value, source, row.Number).Select(record => new ReadRecord(row.Place, record, null))];
        }
        catch (RowException e)
        {
            return [new ReadRecord(row.Place, null, e.Message)];
        }
    }
}
