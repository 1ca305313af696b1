using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>What all blocks share during one forward pass.</summary>
internal sealed record ForwardStep(SegmentLayout Layout, IAdapterHooks Hooks, KvCache? Cache, PositionStep Positions)
{
    // oneDNN compiles its kernels anew for every number of rows (1.5 ms a block), so that few different numbers are worth a few rows more.
    private const int RowStep = 32;

    /// <summary>Starts of the segments and, last, the number of tokens.</summary>
    public int[] Bounds { get; private init; } = [.. Layout.Segments.Select(segment => segment.Start), Layout.Tokens];

    /// <summary>Per segment the one that it continues, or null where none does.</summary>
    public int[]? Continues { get; } = Layout.Shares ? [.. Layout.Segments.Select(segment => segment.Continues)] : null;

    /// <summary>Which rows of the whole batch these are; all where null.</summary>
    private int[]? Rows { get; init; }

    /// <summary>A projection with the hooks around it: <c>[tokens, in]</c> → <c>[tokens, out]</c>.</summary>
    public Tensor Project(ProjectionSite site, Tensor x) => Hooks.Project(site, x, Layout);

    /// <summary>A norm with the hook behind it.</summary>
    public Tensor Norm(INorm norm, Tensor x)
    {
        var y = norm.Forward(x);
        return norm.Site is { } site ? Hooks.AfterNorm(site, x, y, Layout) : y;
    }

    /// <summary>The residual stream's sum, and its norm with the hook behind it.</summary>
    public (Tensor Sum, Tensor Normed) Norm(INorm norm, Residual x)
    {
        var (sum, y) = norm.Forward(x);
        return (sum, norm.Site is { } site ? Hooks.AfterNorm(site, sum, y, Layout) : y);
    }

    /// <summary>These rows of a tensor that has a row for every token of the whole batch.</summary>
    public Tensor Select(Tensor whole) => Rows is null ? whole : Functional.SelectRows(whole, Rows);

    /// <summary>
    /// The ends of the segments from the first needed row on; itself where those are all rows. A segment that nobody needs is missing from the
    /// layout and empty in the bounds.
    /// </summary>
    /// <param name="needed">Ascending numbers of rows, at least one.</param>
    /// <param name="places">Where the needed rows lie among those of the result.</param>
    public ForwardStep Ends(IReadOnlyList<int> needed, out int[] places)
    {
        var skipped = Skipped(needed);
        var (ends, rows, bounds) = (new List<Segment>(), new List<int>(), new int[Bounds.Length]);
        for (var s = 0; s < skipped.Length; s++)
        {
            var (segment, skip) = (Layout.Segments[s], skipped[s]);
            if (skip < segment.Length) ends.Add(segment with { Start = rows.Count, Length = segment.Length - skip, Position = segment.Position + skip, Continues = -1, Keys = segment.Keys.IsEmpty ? default : segment.Keys[skip..] });
            rows.AddRange(Enumerable.Range(segment.Start + skip, segment.Length - skip));
            bounds[s + 1] = rows.Count;
        }
        places = [.. needed.Select(row => rows.BinarySearch(row))];
        if (rows.Count == Layout.Tokens) return this;
        int[] chosen = [.. rows];
        return new ForwardStep(new SegmentLayout(ends), Hooks, Cache, Positions.Select(chosen)) { Bounds = bounds, Rows = chosen };
    }

    // How many first rows of each segment are left out.
    private int[] Skipped(IReadOnlyList<int> needed)
    {
        var segments = Layout.Segments;
        var skipped = new int[segments.Count];
        var kept = 0;
        for (int s = 0, next = 0; s < skipped.Length; s++)
        {
            skipped[s] = next < needed.Count && needed[next] < segments[s].End ? needed[next] - segments[s].Start : segments[s].Length;
            kept += segments[s].Length - skipped[s];
            while (next < needed.Count && needed[next] < segments[s].End) next++;
        }
        var more = (kept + RowStep - 1) / RowStep * RowStep - kept;
        for (var s = skipped.Length - 1; s >= 0; s--)
        {
            var back = Math.Min(more, skipped[s]);
            (skipped[s], more) = (skipped[s] - back, more - back);
        }
        return skipped;
    }
}
