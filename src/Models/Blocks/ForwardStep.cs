using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>What all blocks share during one forward pass.</summary>
internal sealed record ForwardStep(SegmentLayout Layout, IAdapterHooks Hooks, KvCache? Cache, PositionStep Positions)
{
    /// <summary>Starts of the segments and, last, the number of tokens.</summary>
    public int[] Bounds { get; private init; } = [.. Layout.Segments.Select(segment => segment.Start), Layout.Tokens];

    /// <summary>Per segment the one that it continues, or null where none does.</summary>
    public int[]? Continues { get; } = Layout.Shares ? [.. Layout.Segments.Select(segment => segment.Continues)] : null;

    /// <summary>Which rows of the whole batch these are; all where null.</summary>
    private int[]? Rows { get; init; }

    /// <summary>A projection with the hooks around it: <c>[tokens, in]</c> → <c>[tokens, out]</c>.</summary>
    public Tensor Project(ProjectionSite site, Tensor x)
    {
        x = Hooks.BeforeProjection(site, x, Layout);
        return Hooks.AfterProjection(site, x, site.Weights.Forward(x), Layout);
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
        places = new int[needed.Count];
        var (ends, rows, bounds) = (new List<Segment>(), new List<int>(), new int[Bounds.Length]);
        for (int s = 0, next = 0; s < Layout.Segments.Count; s++)
        {
            var segment = Layout.Segments[s];
            if (next < needed.Count && needed[next] < segment.End)
            {
                var skipped = needed[next] - segment.Start;
                ends.Add(segment with { Start = rows.Count, Length = segment.Length - skipped, Position = segment.Position + skipped, Continues = -1 });
                for (; next < needed.Count && needed[next] < segment.End; next++) places[next] = rows.Count + needed[next] - segment.Start - skipped;
                rows.AddRange(Enumerable.Range(segment.Start + skipped, segment.Length - skipped));
            }
            bounds[s + 1] = rows.Count;
        }
        if (rows.Count == Layout.Tokens) return this;
        int[] chosen = [.. rows];
        return new ForwardStep(new SegmentLayout(ends), Hooks, Cache, Positions.Select(chosen)) { Bounds = bounds, Rows = chosen };
    }
}
