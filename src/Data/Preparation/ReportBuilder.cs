using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preflight;

namespace AlpacaCot.Data.Preparation;

/// <summary>Counts while a mix is prepared.</summary>
internal sealed class ReportBuilder(int cutoff)
{
    private const int FirstRows = 5;
    private const int Bins = 16;

    /// <summary>Rows of code hold the two characters now and then and mean them; a file of which more rows do was escaped once too often.</summary>
    private const double EscapedShare = 0.1;

    private const string EscapedLineBreak = "\\n";

    private readonly List<SourceReport> _sources = [];
    private readonly List<string> _remarks = [];
    private readonly Dictionary<string, (int Rows, int Escaped, string First)> _files = new(StringComparer.Ordinal);
    private readonly List<string> _emptyInstructions = [];
    private int _emptyInstructionCount;
    private readonly SortedDictionary<RefusalCause, (int Count, List<string> First)> _refused = [];
    private readonly FingerprintSet _seen = new();
    private readonly List<string> _firstDuplicates = [];
    private readonly NearDuplicates _near = new();
    private readonly List<string> _firstNearDuplicates = [];
    private readonly SortedDictionary<string, int> _languages = new(StringComparer.Ordinal);
    private int _nearDuplicates;
    private readonly SortedDictionary<string, int> _cues = new(StringComparer.Ordinal);
    private readonly int[] _bins = new int[Bins];
    private int _truncated;
    private int _duplicates;
    private int _examples;
    private long _tokens;
    private long _supervised;
    private int _longest;
    private int _longestWhole;

    public void Refuse(Conversation row, RefusalCause cause, int wholeTokens)
    {
        _longestWhole = Math.Max(_longestWhole, wholeTokens);
        if (!_refused.TryGetValue(cause, out var entry)) entry = (0, []);
        if (entry.First.Count < FirstRows) entry.First.Add(Place(row));
        _refused[cause] = (entry.Count + 1, entry.First);
    }

    public void Keep(TaughtRow taught, BuiltExample built, RowFeatures features, int copies)
    {
        var (row, example) = (taught.Record, built.Example!);
        Look(row);
        if (taught.Cue is { } cue) _cues[cue] = _cues.GetValueOrDefault(cue) + 1;
        if (built.Truncated) _truncated++;
        _longestWhole = Math.Max(_longestWhole, built.WholeTokens);
        _languages[features.Language] = _languages.GetValueOrDefault(features.Language) + 1;
        if (!_seen.Add(features.Fingerprint))
        {
            _duplicates++;
            if (_firstDuplicates.Count < FirstRows) _firstDuplicates.Add(Place(row));
        }
        else if (_near.Add(features.Signature, Place(row)) is { } earlier)
        {
            _nearDuplicates++;
            if (_firstNearDuplicates.Count < FirstRows) _firstNearDuplicates.Add($"{Place(row)} ≈ {earlier}");
        }
        _examples += copies;
        _tokens += (long)copies * example.Ids.Length;
        _supervised += (long)copies * example.SupervisedTokens;
        if (copies == 0) return;
        _longest = Math.Max(_longest, example.Ids.Length);
        _bins[(int)((long)(example.Ids.Length - 1) * Bins / cutoff)] += copies;
    }

    public void EndSource(SourceReport source, IEnumerable<string> remarks)
    {
        _sources.Add(source);
        _remarks.AddRange(remarks);
    }

    public string RefusalsInWords() => string.Join("; ", Refusals().Select(refusal => $"{refusal.Count} {Words(refusal.Cause)} ({string.Join(", ", refusal.FirstRows)})"));

    public PreparationReport Build() => new()
    {
        Sources = _sources,
        Refused = [.. Refusals()],
        Examples = _examples,
        Truncated = _truncated,
        Duplicates = _duplicates,
        Remarks = [.. _remarks, .. RowRemarks()],
        FirstDuplicates = _firstDuplicates,
        NearDuplicates = _nearDuplicates,
        FirstNearDuplicates = _firstNearDuplicates,
        Languages = _languages,
        Cues = _cues,
        Tokens = _tokens,
        SupervisedTokens = _supervised,
        LongestWholeTokens = _longestWhole,
        LongestTokens = _longest,
        Lengths = [.. _bins.Select((count, bin) => new LengthBin((int)((long)(bin + 1) * cutoff / Bins), count)).Where(bin => bin.UpTo > 0)],
    };

    private void Look(Conversation row)
    {
        var (rows, escaped, first) = _files.GetValueOrDefault(row.Source, (0, 0, ""));
        if (row.Turns.Any(turn => turn.Text.Contains(EscapedLineBreak, StringComparison.Ordinal) || turn.Input.Contains(EscapedLineBreak, StringComparison.Ordinal)))
        {
            if (escaped++ == 0) first = Place(row);
        }
        _files[row.Source] = (rows + 1, escaped, first);
        if (!row.Turns.Any(turn => turn.Role == TurnRole.User && string.IsNullOrWhiteSpace(turn.Text) && turn.Input.Length > 0)) return;
        _emptyInstructionCount++;
        if (_emptyInstructions.Count < FirstRows) _emptyInstructions.Add(Place(row));
    }

    private IEnumerable<string> RowRemarks()
    {
        foreach (var (file, (rows, escaped, first)) in _files.Where(file => file.Value.Escaped > file.Value.Rows * EscapedShare))
            yield return $"{file}: {escaped} of {rows} rows hold the two characters {EscapedLineBreak} where a line break may be meant (the first is {first}): they are taught as they stand";
        if (_seen.IsPartial) yield return $"duplicates were looked for among the first {FingerprintSet.MostKept} different rows alone";
        if (_near.IsPartial) yield return $"near duplicates were looked for among the first {NearDuplicates.MostKept} rows alone";
        if (_emptyInstructionCount > 0)
            yield return $"{_emptyInstructionCount} {(_emptyInstructionCount == 1 ? "row has" : "rows have")} an empty instruction ({string.Join(", ", _emptyInstructions)}): the input is asked alone";
    }

    private IEnumerable<RefusalReport> Refusals() => _refused.Select(cause => new RefusalReport(cause.Key, cause.Value.Count, cause.Value.First));

    private static string Words(RefusalCause cause) => cause switch
    {
        RefusalCause.EmptyAnswer => "with an empty answer",
        RefusalCause.EmptyPrompt => "with an empty prompt",
        RefusalCause.Unmatched => "that a matched mix cannot teach",
        RefusalCause.NothingLearned => "without an answer to a question",
        RefusalCause.OverCutoff => "over cutoff_len",
        RefusalCause.TemplateRefuses => "that the template cannot render",
        _ => "whose prompt fills cutoff_len",
    };

    private static string Place(Conversation row) => $"{row.Source}:{row.Row}";
}
