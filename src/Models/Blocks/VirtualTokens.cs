namespace AlpacaCot.Models.Blocks;

/// <summary>Puts the virtual tokens of adapters in front of the sequences that begin, and shifts the positions of all that follows them.</summary>
internal static class VirtualTokens
{
    /// <summary>The rows of the ids with the virtual rows between them, and the layout over both.</summary>
    /// <param name="hidden">Embedded tokens <c>[tokens, width]</c>.</param>
    /// <param name="layout">The segments of the ids; positions count a sequence's own tokens.</param>
    /// <param name="hooks">The adapters.</param>
    public static (Tensor Hidden, SegmentLayout Layout) InFront(Tensor hidden, SegmentLayout layout, IAdapterHooks hooks)
    {
        if (layout.Runs.All(run => hooks.Prefix(run.Member) == default)) return (hidden, layout);
        var segments = new List<Segment>(layout.Segments.Count);
        var parts = new List<Tensor>();
        var learned = new Dictionary<int, Tensor>();
        foreach (var segment in layout.Segments)
        {
            var prefix = hooks.Prefix(segment.Member);
            var begins = segment is { Position: 0, Continues: < 0 };
            var rows = begins ? prefix.Rows : 0;
            if (rows > 0)
            {
                if (!learned.TryGetValue(segment.Member, out var own)) learned[segment.Member] = own = hooks.VirtualRows(segment.Member).to(hidden.dtype);
                parts.Add(own);
            }
            parts.Add(hidden.narrow(0, segment.Start, segment.Length));
            segments.Add(segment with
            {
                Start = segments.Count == 0 ? 0 : segments[^1].End,
                Length = segment.Length + rows,
                Position = begins ? prefix.Keys : segment.Position + prefix.Count,
                Prefix = prefix,
            });
        }
        return (learned.Count == 0 ? hidden : torch.cat(parts), new SegmentLayout(segments));
    }
}
