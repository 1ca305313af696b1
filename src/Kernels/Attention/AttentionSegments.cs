namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// How the queries and the keys of a packed batch are cut. A segment may continue another one, whose keys, and those in front of them, stand in front of
/// its own: rows that begin alike compute what they share once.
/// </summary>
internal sealed class AttentionSegments
{
    /// <summary>Takes starts of the segments and, last, the number of rows, of queries and of keys; and whom each continues (-1: nobody).</summary>
    internal AttentionSegments(int[] queries, int[] keys, int[]? continues = null)
    {
        if (queries.Length < 2 || keys.Length != queries.Length || queries[0] != 0 || keys[0] != 0 || (continues is not null && continues.Length != queries.Length - 1))
            throw new ArgumentException($"segment_attention: {queries.Length} bounds of queries, {keys.Length} of keys and {continues?.Length} continued segments do not fit");
        (Queries, Keys, Continues) = (queries, keys, continues);
        List<int> groups = [];
        Stack<int> open = new();
        for (var s = 0; s < Count; s++)
        {
            // A segment stands behind the one that it continues and others that continue that one.
            while (open.Count > 0 && open.Peek() != Front(s)) open.Pop();
            if (Front(s) is not { } front) groups.Add(s);
            else if (open.Count == 0) throw new ArgumentException($"segment_attention: segment {s} does not stand among those that continue segment {front}");
            open.Push(s);
            var seen = keys[s + 1] - keys[s];
            if (queries[s + 1] < queries[s] || seen < queries[s + 1] - queries[s] || seen == 0)
                throw new ArgumentException($"attention: segment {s} has {queries[s + 1] - queries[s]} queries and {seen} keys");
        }
        Groups = [.. groups, Count];
    }

    internal int Count => Queries.Length - 1;

    internal int[] Queries { get; }

    internal int[] Keys { get; }

    internal int[]? Continues { get; }

    /// <summary>Starts of the groups and, last, the number of segments: a group is a segment that continues none, and those behind it that do.</summary>
    internal int[] Groups { get; }

    /// <summary>The segment that segment s continues, or null.</summary>
    internal int? Front(int s) => Continues is { } all && all[s] >= 0 ? all[s] : null;

    /// <summary>Keys or values of every segment with those in front: the plain form.</summary>
    internal Tensor[] Cut(Tensor x)
    {
        var parts = new Tensor[Count];
        for (var s = 0; s < Count; s++)
        {
            var own = x.narrow(0, Keys[s], Keys[s + 1] - Keys[s]);
            parts[s] = Front(s) is { } front ? cat([parts[front], own]) : own;
        }
        return parts;
    }
}
