using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>Grouped-query self-attention over a packed row of tokens: each segment sees itself, its cache and its adapter's extra keys.</summary>
internal sealed class Attention(int block, DecoderConfig config, MaskKind mask, ProjectionSite query, ProjectionSite key, ProjectionSite value, ProjectionSite output)
{
    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor x, ForwardStep step)
    {
        var tokens = x.size(0);
        var q = step.Positions.Rotate(step.Project(query, x).reshape(tokens, config.Heads, config.HeadDim));
        var k = step.Positions.Rotate(step.Project(key, x).reshape(tokens, config.KeyValueHeads, config.HeadDim));
        var v = step.Project(value, x).reshape(tokens, config.KeyValueHeads, config.HeadDim);

        var y = step.Project(output, Attend(q, k, v, step).reshape(tokens, -1));
        return step.Hooks.AfterAttention(block, y, step.Layout);
    }

    private Tensor Attend(Tensor q, Tensor k, Tensor v, ForwardStep step)
    {
        var segments = step.Layout.Segments;
        var extras = segments.Select(segment => step.Hooks.Extra(block, segment)).ToArray();
        if (step.Cache is null && mask is CausalMask && extras.All(extra => extra is null)) return torch.functional.segment_attention(q, k, v, step.Bounds);

        var parts = new Tensor[segments.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var segment = segments[i];
            Tensor keys = k.narrow(0, segment.Start, segment.Length), values = v.narrow(0, segment.Start, segment.Length);
            if (step.Cache is { } cache) (keys, values) = cache.Append(block, segment, keys, values);
            if (extras[i] is { } extra)
            {
                keys = torch.cat([extra.Keys.to(keys.dtype), keys]);
                values = torch.cat([extra.Values.to(values.dtype), values]);
            }
            parts[i] = GroupedAttention.Forward(q.narrow(0, segment.Start, segment.Length), keys, values, mask);
        }
        return parts.Length == 1 ? parts[0] : torch.cat(parts);
    }
}
