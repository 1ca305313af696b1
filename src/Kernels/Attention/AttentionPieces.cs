using System.Runtime.CompilerServices;

namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// The pieces that a GPU's attention works on: per segment that has queries these, and all keys that they see. Made once for all blocks of a forward
/// pass, because every transfer costs more than what is computed with it.
/// </summary>
internal sealed class AttentionPieces
{
    // By the bounds of the queries, which are one array for all blocks of a forward pass and live as long as it does.
    private static readonly ConditionalWeakTable<int[], AttentionPieces> _made = [];

    private readonly Device _device;
    private readonly int[] _queries, _lengths;
    private readonly (int[] Keys, int[]? Continues)? _cut;
    private readonly List<(int Start, int End)>[]? _ranges;
    private readonly int[] _asking;
    private PaddedPieces? _padded;

    private AttentionPieces(int[] queries, int[] lengths, List<(int Start, int End)>[]? ranges, (int[] Keys, int[]? Continues)? cut, Device device)
    {
        (_device, _queries, _lengths, _ranges, _cut) = (device, queries, lengths, ranges, cut);
        // Where nobody asks, keys count only for those that continue them.
        _asking = [.. Enumerable.Range(0, lengths.Length).Where(s => queries[s + 1] > queries[s])];
        int[] asked = [0, .. _asking.Select(s => queries[s + 1])], seen = new int[asked.Length];
        for (var i = 0; i < _asking.Length; i++) seen[i + 1] = seen[i] + lengths[_asking[i]];
        (MostQueries, MostKeys) = (_asking.Max(s => queries[s + 1] - queries[s]), _asking.Max(s => lengths[s]));
        (Queries, Keys) = (tensor(asked).KeptOn(device), tensor(seen).KeptOn(device));
        if (cut is not { } bounds) return;
        int[] rows = [.. _asking.SelectMany(KeyRows)];
        if (rows.Length != bounds.Keys[^1] || rows.Where((row, i) => row != i).Any()) Rows = new RowTable(rows, bounds.Keys[^1], device);
    }

    /// <summary>int32: starts of the pieces and, last, the number of queries.</summary>
    public Tensor Queries { get; }

    /// <summary>int32: the same of the keys.</summary>
    public Tensor Keys { get; }

    /// <summary>Which keys and values the pieces are made of; null where these are all, in order.</summary>
    public RowTable? Rows { get; }

    /// <summary>Queries of the longest piece.</summary>
    public int MostQueries { get; }

    /// <summary>Keys of the longest piece.</summary>
    public int MostKeys { get; }

    /// <summary>The same as a batch of equal length.</summary>
    public PaddedPieces Padded => _padded ??= new PaddedPieces(
        [.. _asking.Select(s => (_queries[s], _queries[s + 1] - _queries[s]))], [.. _asking.Select(s => KeyRows(s).ToArray())], _asking, _queries[^1], _cut?.Keys[^1] ?? _asking.Sum(s => _lengths[s]), _device);

    /// <summary>Those of a packed batch.</summary>
    public static AttentionPieces Of(AttentionSegments segments, Device device)
    {
        if (_made.TryGetValue(segments.Queries, out var made) && made.Fits(segments, device)) return made;
        var (lengths, ranges) = (new int[segments.Count], new List<(int, int)>[segments.Count]);
        for (var s = 0; s < segments.Count; s++)
        {
            ranges[s] = segments.Front(s) is { } front ? [.. ranges[front]] : [];
            ranges[s].Add((segments.Keys[s], segments.Keys[s + 1]));
            lengths[s] = ranges[s].Sum(range => range.Item2 - range.Item1);
        }
        return Kept(new AttentionPieces(segments.Queries, lengths, ranges, (segments.Keys, segments.Continues), device));
    }

    /// <summary>Those of queries over caches of such lengths, which lie one behind the other: of those segments alone that have queries.</summary>
    public static AttentionPieces Of(int[] queries, int[] lengths, Device device)
        => _made.TryGetValue(queries, out var made) && made._cut is null && made._lengths.AsSpan().SequenceEqual(lengths) && made.IsOn(device)
            ? made : Kept(new AttentionPieces(queries, lengths, null, null, device));

    private static AttentionPieces Kept(AttentionPieces made)
    {
        _made.AddOrUpdate(made._queries, made);
        return made;
    }

    // The keys that the queries of a segment see.
    private IEnumerable<int> KeyRows(int s) => _ranges is not null
        ? _ranges[s].SelectMany(range => Enumerable.Range(range.Start, range.End - range.Start))
        : Enumerable.Range(_asking.TakeWhile(before => before < s).Sum(before => _lengths[before]), _lengths[s]);

    private bool Fits(AttentionSegments segments, Device device)
        => _cut is { } cut && cut.Keys.AsSpan().SequenceEqual(segments.Keys) && (cut.Continues ?? []).AsSpan().SequenceEqual(segments.Continues ?? []) && IsOn(device);

    private bool IsOn(Device device) => _device.type == device.type && _device.index == device.index;
}
