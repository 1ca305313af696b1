using System.Globalization;

namespace AlpacaCot.Data.Formats;

/// <summary>A row of a table by the names of its columns, or what is wrong with it.</summary>
/// <param name="Number">The row, from 1; the header is none.</param>
/// <param name="Line">The line on which it begins, from 1.</param>
/// <param name="Fields">A text for each column; empty where the row is too short.</param>
/// <param name="Mistake">What is wrong, or null.</param>
internal readonly record struct CsvTableRow(int Number, int Line, IReadOnlyList<string> Fields, string? Mistake);

/// <summary>
/// A table with a header, every field as text: blank lines are no rows, a column without a name is <c>Unnamed: 2</c>, a row must have as many fields as the header. Read leniently, as pandas
/// does, later ones of equal names become <c>a.1</c>, a row that is too short ends with empty fields, and where the first row is one longer than the header its first field is an index.
/// </summary>
internal sealed class CsvTable
{
    private readonly IEnumerator<CsvRecord> _records;
    private readonly Queue<CsvRecord> _ahead = new();
    private readonly bool _lenient;
    private readonly bool _hasIndex;

    /// <summary>Reads the header.</summary>
    /// <param name="text">The table.</param>
    /// <param name="dialect">How it is written.</param>
    /// <param name="path">What to call it in an error.</param>
    /// <param name="lenient">Whether it is read as pandas reads it.</param>
    /// <param name="columns">The columns of a table without a header.</param>
    /// <exception cref="DatasetException">It is empty, or names two columns alike.</exception>
    public CsvTable(TextReader text, CsvDialect dialect, string path, bool lenient = false, IReadOnlyList<string>? columns = null)
    {
        _lenient = lenient;
        _records = new CsvText(text, dialect).Records().Where(record => record.TooLong || (!record.Blank && record.Fields.Count > 0)).GetEnumerator();
        if (!_records.MoveNext()) throw new DatasetException($"{path}: is empty");
        var header = _records.Current;
        if (columns is not null)
        {
            Columns = columns;
            _ahead.Enqueue(header);
            return;
        }
        if (Wrong(header) is { } wrong) throw new DatasetException($"{path}: line {header.Line}: {wrong}");
        Columns = Named(header.Fields);
        if (!lenient && header.Fields.Where(name => name.Length > 0).GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice)
            throw new DatasetException($"{path}: its header names the column {twice} twice");
        if (!_records.MoveNext()) return;
        _ahead.Enqueue(_records.Current);
        _hasIndex = lenient && _records.Current.Fields.Count == Columns.Count + 1;
    }

    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows in their order.</summary>
    public IEnumerable<CsvTableRow> Rows()
    {
        var number = 0;
        var width = Columns.Count + (_hasIndex ? 1 : 0);
        foreach (var record in Remaining())
        {
            number++;
            if (Wrong(record) is { } wrong)
            {
                yield return new CsvTableRow(number, record.Line, [], wrong);
                continue;
            }
            if (record.Fields.Count > width || (record.Fields.Count < width && !_lenient))
            {
                yield return new CsvTableRow(number, record.Line, [], $"has {record.Fields.Count} fields, the header {Columns.Count}");
                continue;
            }
            while (record.Fields.Count < width) record.Fields.Add("");
            yield return new CsvTableRow(number, record.Line, _hasIndex ? record.Fields[1..] : record.Fields, null);
        }
    }

    private IEnumerable<CsvRecord> Remaining()
    {
        while (_ahead.TryDequeue(out var record)) yield return record;
        while (_records.MoveNext()) yield return _records.Current;
    }

    private static string? Wrong(CsvRecord record)
        => (record.TooLong, record.Open) switch
        {
            (true, true) => $"{Importing.SourceText.TooLong}: a quoted field is not closed",
            (true, false) => Importing.SourceText.TooLong,
            (false, true) => "a quoted field is not closed",
            _ => null,
        };

    private static string[] Named(List<string> header)
    {
        var names = header.Select((name, i) => name.Length > 0 ? name : string.Create(CultureInfo.InvariantCulture, $"Unnamed: {i}")).ToArray();
        var taken = names.ToHashSet(StringComparer.Ordinal);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
        {
            var (name, count) = (names[i], seen.GetValueOrDefault(names[i]));
            seen[name] = count + 1;
            if (count == 0) continue;
            var other = string.Create(CultureInfo.InvariantCulture, $"{name}.{count}");
            while (!taken.Add(other)) other = string.Create(CultureInfo.InvariantCulture, $"{name}.{++count}");
            seen[name] = count + 1;
            names[i] = other;
        }
        return names;
    }
}
