using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Data.Masking;

namespace AlpacaCot.Data.Preparation;

/// <summary>Counts while a mix is prepared.</summary>
internal sealed class ReportBuilder(int cutoff)
{
    private const int FirstRows = 5;
    private const int Bins = 16;

    private readonly List<SourceReport> _sources = [];
    private readonly SortedDictionary<RefusalCause, (int Count, List<string> First)> _refused = [];
    private readonly HashSet<UInt128> _seen = [];
    private readonly List<string> _firstDuplicates = [];
    private readonly int[] _bins = new int[Bins];
    private int _truncated;
    private int _duplicates;
    private int _examples;
    private long _tokens;
    private long _supervised;
    private int _longest;
    private int _longestWhole;

    public void Refuse(InstructionRecord row, RefusalCause cause, int wholeTokens)
    {
        _longestWhole = Math.Max(_longestWhole, wholeTokens);
        if (!_refused.TryGetValue(cause, out var entry)) entry = (0, []);
        if (entry.First.Count < FirstRows) entry.First.Add(Place(row));
        _refused[cause] = (entry.Count + 1, entry.First);
    }

    public void Keep(InstructionRecord row, BuiltExample built, int copies)
    {
        var example = built.Example!;
        if (built.Truncated) _truncated++;
        _longestWhole = Math.Max(_longestWhole, built.WholeTokens);
        if (!_seen.Add(Fingerprint(row)))
        {
            _duplicates++;
            if (_firstDuplicates.Count < FirstRows) _firstDuplicates.Add(Place(row));
        }
        _examples += copies;
        _tokens += (long)copies * example.Ids.Length;
        _supervised += (long)copies * example.SupervisedTokens;
        if (copies == 0) return;
        _longest = Math.Max(_longest, example.Ids.Length);
        _bins[(int)((long)(example.Ids.Length - 1) * Bins / cutoff)] += copies;
    }

    public void EndSource(SourceReport source) => _sources.Add(source);

    public string RefusalsInWords() => string.Join("; ", Refusals().Select(refusal => $"{refusal.Count} {Words(refusal.Cause)} ({string.Join(", ", refusal.FirstRows)})"));

    public PreparationReport Build() => new()
    {
        Sources = _sources,
        Refused = [.. Refusals()],
        Examples = _examples,
        Truncated = _truncated,
        Duplicates = _duplicates,
        FirstDuplicates = _firstDuplicates,
        Tokens = _tokens,
        SupervisedTokens = _supervised,
        LongestWholeTokens = _longestWhole,
        LongestTokens = _longest,
        Lengths = [.. _bins.Select((count, bin) => new LengthBin((int)((long)(bin + 1) * cutoff / Bins), count)).Where(bin => bin.UpTo > 0)],
    };

    private IEnumerable<RefusalReport> Refusals() => _refused.Select(cause => new RefusalReport(cause.Key, cause.Value.Count, cause.Value.First));

    private static string Words(RefusalCause cause) => cause switch
    {
        RefusalCause.EmptyAnswer => "with an empty answer",
        RefusalCause.EmptyPrompt => "with an empty prompt",
        _ => "whose prompt fills cutoff_len",
    };

    private static string Place(InstructionRecord row) => $"{row.Source}:{row.Row}";

    private static UInt128 Fingerprint(InstructionRecord row)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{row.Instruction.Length} {row.Input.Length} {row.Instruction}{row.Input}{row.Output}"));
        return BitConverter.ToUInt128(hash);
    }
}
