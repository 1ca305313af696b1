using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Cot;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Tables;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Preparation;

/// <summary>A row as it is taught.</summary>
/// <param name="Record">The row, its rationale and cue in place.</param>
/// <param name="Cue">The cue that was put into its instruction, if any.</param>
/// <param name="Identity">What tells that a row of another mix is the same: its place in its file, or the generator's question.</param>
internal readonly record struct TaughtRow(Conversation Record, string? Cue, string Identity)
{
    /// <summary>Its characters.</summary>
    public int Size => Record.Turns.Sum(turn => turn.Text.Length + turn.Input.Length);
}

/// <summary>The rows of one source of a spec as they are taught: read or generated, limited, with their rationales and cues in place.</summary>
internal sealed class SourceRows
{
    private readonly SourceSpec _source;
    private readonly long _seed;
    private readonly int _index;
    private readonly RationaleUse _cot;
    private readonly TrainingCue _cue;
    private readonly bool _skip;
    private readonly IReadOnlyList<SourceFile> _files;

    public SourceRows(DatasetCatalogue catalogue, DataSpec spec, int index, long seed)
    {
        _source = spec.Sources[index];
        _seed = _source.Seed ?? seed;
        _index = index;
        _cot = _source.Cot ?? spec.Cot;
        _cue = spec.CueOf(_source);
        _skip = spec.BadRows == BadRows.Skip;
        _files = catalogue.SourceFiles(_source, spec.Language);
    }

    /// <summary>The files that are read; none for a generator.</summary>
    public IReadOnlyList<string> Files => [.. _files.Select(file => file.Path)];

    /// <summary>Rows met so far in the source, before any limit.</summary>
    public int RowsRead { get; private set; }

    /// <summary>Rows that are wrong and were left out.</summary>
    public int Skipped { get; private set; }

    /// <summary>What is unusual about the files that were read, one sentence each.</summary>
    public List<string> Remarks { get; } = [];

    /// <summary>The rows in their source's order.</summary>
    public IEnumerable<TaughtRow> Read()
    {
        var packing = _source.FewShot == 0 ? null
            : new FewShotPacking([.. Sample(All(), FewShotPacking.PoolRows).Select(Taught).Select(row => (row.Identity, Record: row.Record.AsInstruction()!)).Where(row => row.Record is not null)], _source.FewShot, _seed);
        var rows = _source.Limit is { } limit ? Sample(All(), limit) : All();
        return rows.Select(Taught).Select(row => packing is null || row.Record.AsInstruction() is not { } record ? row : row with { Record = Conversation.Of(packing.Pack(row.Identity, record)) });
    }

    private TaughtRow Taught((Conversation Record, string Identity) row)
    {
        var (record, cue) = Cues.Apply(row.Record, _cot, _cue, _seed);
        return new TaughtRow(record, cue, row.Identity);
    }

    /// <summary>How often a row is taught: whole copies, and one more with the probability of the fraction.</summary>
    public Func<int> Copies()
    {
        var whole = (int)Math.Floor(_source.Weight);
        var fraction = _source.Weight - whole;
        var random = SeededRandom.For(_seed, "weight", _index);
        return fraction == 0 ? () => whole : () => whole + (random.NextDouble() < fraction ? 1 : 0);
    }

    private IEnumerable<(Conversation Record, string Identity)> All()
    {
        RowsRead = Skipped = 0;
        Remarks.Clear();
        foreach (var row in _source.Goat is { } goat ? Generated(goat) : _files.SelectMany(FileRows))
        {
            RowsRead++;
            yield return row;
        }
    }

    // A row of a file may hold several records: their order tells them apart.
    private IEnumerable<(Conversation, string)> FileRows(SourceFile file)
        => Records(_source, file, Remarks.Add, _skip ? Skip : null).Select((record, i) => (record, FormattableString.Invariant($"{file.Path}:{i}")));

    /// <summary>The records of one file of a source: rows as its set has them, or questions about tables.</summary>
    internal static IEnumerable<Conversation> Records(SourceSpec source, SourceFile file, Action<string>? remark, Action<string>? skip)
        => source.Tables is { } tables
            ? TableFiles.Read(new TextFile(file.Path, SourceEncoding.Of(source.Encoding)), remark).Select(question => Conversation.Of(TableTasks.Record(question, tables, Path.GetFileName(file.Path))))
            : file.Read(remark, skip);

    /// <summary>The files whose bytes decide what a source's rows are: its own, and the tables that its questions are about.</summary>
    internal static IReadOnlyList<string> Content(SourceSpec source, IReadOnlyList<string> files)
        => source.Tables is null ? files : [.. files, .. files.SelectMany(file => TableFiles.Needed(new TextFile(file, SourceEncoding.Of(source.Encoding))))];

    /// <summary>The content of this source, see <see cref="Content(SourceSpec, IReadOnlyList{string})"/>.</summary>
    public IReadOnlyList<string> ContentFiles => Content(_source, Files);

    private void Skip(string row)
    {
        const int Told = 10;
        if (Skipped++ < Told) Remarks.Add($"left out: {row}");
    }

    private IEnumerable<(Conversation, string)> Generated(GoatOptions goat)
        => GoatGenerator.Stream(goat with { Count = goat.Count ?? _source.Limit }, _seed, Environment.ProcessorCount)
            .Select(item => (Conversation.Of(item.Record), $"{GoatGenerator.Name}:{item.Question.Operation} {item.Question.Expression}"));

    // Reservoir sampling (Vitter 1985, algorithm R): uniform without replacement, in one pass and in the memory of the sample.
    private IEnumerable<T> Sample<T>(IEnumerable<T> rows, int limit)
    {
        var random = SeededRandom.For(_seed, "limit", _index);
        var sample = new List<(int At, T Row)>();
        var at = 0;
        foreach (var row in rows)
        {
            if (sample.Count < limit)
            {
                sample.Add((at, row));
            }
            else if (random.Next(at + 1) is var place && place < limit)
            {
                sample[place] = (at, row);
            }
            at++;
        }
        return sample.OrderBy(kept => kept.At).Select(kept => kept.Row);
    }
}
