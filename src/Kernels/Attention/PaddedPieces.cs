namespace AlpacaCot.Kernels.Attention;

/// <summary>Pieces of unlike lengths as a batch of equal ones: what fills them up is seen by no query that counts.</summary>
internal sealed class PaddedPieces
{
    private readonly int[] _segments;
    private readonly Tensor _position, _length;
    private readonly Dictionary<(int Window, string Prefixes), Tensor> _seen = [];

    /// <param name="queries">First query and number of queries of each piece.</param>
    /// <param name="keys">Rows of the keys of each.</param>
    /// <param name="segments">Which segment each is.</param>
    /// <param name="allQueries">Queries that there are.</param>
    /// <param name="allKeys">Keys that there are.</param>
    /// <param name="device">Where to compute.</param>
    public PaddedPieces((int Start, int Count)[] queries, int[][] keys, int[] segments, int allQueries, int allKeys, Device device)
    {
        (_segments, Device, Count, MostQueries, MostKeys) = (segments, device, queries.Length, queries.Max(piece => piece.Count), keys.Max(rows => rows.Length));
        int[] queryRows = new int[Count * MostQueries], keyRows = new int[Count * MostKeys];
        var (own, position) = (new List<int>(), new long[queryRows.Length]);
        for (var p = 0; p < Count; p++)
        {
            // A piece is filled up with rows of its own: those of another could hold what is no number, and a mask does not keep that out.
            Array.Fill(queryRows, ~queries[p].Start, p * MostQueries, MostQueries);
            Array.Fill(keyRows, ~keys[p][0], p * MostKeys, MostKeys);
            for (var i = 0; i < queries[p].Count; i++)
            {
                var at = p * MostQueries + i;
                (queryRows[at], position[at]) = (queries[p].Start + i, keys[p].Length - queries[p].Count + i);
                own.Add(at);
            }
            keys[p].CopyTo(keyRows, p * MostKeys);
        }
        (QueryRows, KeyRows, Own) = (new RowTable(queryRows, allQueries, device), new RowTable(keyRows, allKeys, device), new RowTable([.. own], queryRows.Length, device));
        (_position, _length) = (tensor(position, [Count, 1, MostQueries, 1]).KeptOn(device), tensor(Array.ConvertAll(keys, rows => (long)rows.Length), [Count, 1, 1, 1]).KeptOn(device));
    }

    /// <summary>Where they lie.</summary>
    public Device Device { get; }

    /// <summary>Pieces.</summary>
    public int Count { get; }

    /// <summary>Queries of each, those that fill it up among them.</summary>
    public int MostQueries { get; }

    /// <summary>Keys of each, likewise.</summary>
    public int MostKeys { get; }

    /// <summary>The query at each place, any at those that fill up.</summary>
    public RowTable QueryRows { get; }

    /// <summary>The key at each place, likewise.</summary>
    public RowTable KeyRows { get; }

    /// <summary>The places of the queries, in their order.</summary>
    public RowTable Own { get; }

    /// <summary>How far behind the query each key stands, negative before it: <c>[pieces, 1, queries, keys]</c>.</summary>
    public Tensor Distance => arange(MostKeys, device: Device) - _position;

    /// <summary>Which keys each query sees, at least one of them: <c>[pieces, 1, queries, keys]</c>.</summary>
    public Tensor Seen(AttentionOptions options)
    {
        int[]? prefixes = options.Prefix is { } all ? Array.ConvertAll(_segments, s => all[s]) : null;
        var key = (options.Window, prefixes is null ? "" : string.Join(',', prefixes));
        if (_seen.TryGetValue(key, out var made)) return made;
        using var scope = NewDisposeScope();
        var (at, distance) = (arange(MostKeys, device: Device), Distance);
        var seen = distance.le(0);
        if (options.Window > 0) seen = seen.logical_and(distance.gt(-options.Window));
        if (prefixes is not null) seen = seen.logical_or(at.lt(tensor(Array.ConvertAll(prefixes, prefix => (long)prefix)).On(Device).view(Count, 1, 1, 1)));
        // The places that fill a piece up stand at position 0, and see the first key.
        return _seen[key] = seen.logical_and(at.lt(_length)).DetachFromDisposeScope();
    }
}
