namespace AlpacaCot.Models;

/// <summary>Rows that begin alike: what they share is computed once.</summary>
/// <param name="Rows">Numbers of the rows, ascending.</param>
/// <param name="Shared">How many first tokens they share; 0 for a row on its own.</param>
public sealed record RowGroup(int[] Rows, int Shared);

/// <summary>Finds the groups of rows, of one member in one batch, that save the most tokens: prompts made by one template begin alike.</summary>
public static class SharedBeginnings
{
    /// <summary>A shorter beginning saves less than another segment costs.</summary>
    public const int Least = 8;

    /// <summary>The groups in the order of their first rows.</summary>
    /// <param name="ids">Token ids of the rows.</param>
    /// <param name="limits">How many first tokens of each row may be shared at most.</param>
    public static IReadOnlyList<RowGroup> Find(IReadOnlyList<int[]> ids, IReadOnlyList<int> limits)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(limits);
        // Rows of a group stand side by side in alphabetical order, so the best grouping is the best cut of that order.
        int[] order = [.. Enumerable.Range(0, ids.Count)];
        Array.Sort(order, (a, b) => ids[a].AsSpan().SequenceCompareTo(ids[b]) is not 0 and var difference ? difference : a.CompareTo(b));
        var (saved, start) = (new int[order.Length + 1], new int[order.Length + 1]);
        for (var end = 1; end <= order.Length; end++)
        {
            (saved[end], start[end]) = (saved[end - 1], end - 1);
            var shared = limits[order[end - 1]];
            for (var first = end - 2; first >= 0; first--)
            {
                shared = Math.Min(shared, Math.Min(limits[order[first]], ids[order[first]].AsSpan().CommonPrefixLength(ids[order[first + 1]])));
                if (shared < Least) break;
                var total = saved[first] + shared * (end - 1 - first);
                if (total > saved[end]) (saved[end], start[end]) = (total, first);
            }
        }
        var groups = new List<RowGroup>();
        for (var end = order.Length; end > 0; end = start[end]) groups.Add(Group(order[start[end]..end], ids, limits));
        return [.. groups.OrderBy(group => group.Rows[0])];
    }

    private static RowGroup Group(int[] rows, IReadOnlyList<int[]> ids, IReadOnlyList<int> limits)
    {
        Array.Sort(rows);
        var shared = rows.Length == 1 ? 0 : rows.Min(row => Math.Min(limits[row], ids[row].AsSpan().CommonPrefixLength(ids[rows[0]])));
        return new RowGroup(rows, shared);
    }
}
