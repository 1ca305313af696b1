using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>Grouped-query self-attention over a packed row of tokens: each segment sees itself, its cache and its adapter's extra keys.</summary>
internal sealed class Attention(int block, DecoderConfig config, MaskKind mask, ProjectionSite query, ProjectionSite key, ProjectionSite value, ProjectionSite output)
{
    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor x, ForwardStep step)
    {
        var tokens = x.size(0);
        var q = step.Positions.Rotate(step.Project(query, x).view(tokens, config.Heads, config.HeadDim));
        var k = step.Positions.Rotate(step.Project(key, x).view(tokens, config.KeyValueHeads, config.HeadDim));
        var v = step.Project(value, x).view(tokens, config.KeyValueHeads, config.HeadDim);

        var parts = new List<Tensor>(step.Layout.Segments.Count);
        foreach (var segment in step.Layout.Segments)
        {
            Tensor keys = k.narrow(0, segment.Start, segment.Length), values = v.narrow(0, segment.Start, segment.Length);
            if (step.Cache is { } cache) (keys, values) = cache.Append(block, segment, keys, values);
            if (step.Hooks.Extra(block, segment) is { } extra)
            {
                keys = torch.cat([extra.Keys.to(keys.dtype), keys], 0);
                values = torch.cat([extra.Values.to(values.dtype), values], 0);
            }
            parts.Add(SegmentAttention.Composed(q.narrow(0, segment.Start, segment.Length), keys, values, mask));
        }
        var y = step.Project(output, parts.Count == 1 ? parts[0] : torch.cat(parts, 0));
        return step.Hooks.AfterAttention(block, y, step.Layout);
    }
}
