using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Causal grouped-query self-attention over a packed row of tokens: softmax(q kᵀ / sqrt(head_dim)) v, query head i on key/value head
/// i / (heads / kv heads). Each segment sees its adapter's extra keys, its cache and itself.
/// </summary>
internal sealed class Attention(int block, DecoderConfig config, ProjectionSite query, ProjectionSite key, ProjectionSite value, ProjectionSite output)
{
    public ProjectionSite Query => query;

    public ProjectionSite Key => key;

    public ProjectionSite Value => value;

    public ProjectionSite Output => output;

    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor x, ForwardStep step)
    {
        var tokens = x.size(0);
        var q = step.Positions.Rotate(step.Project(query, x).reshape(tokens, config.Heads, config.HeadDim));
        var k = step.Positions.Rotate(step.Project(key, x).reshape(tokens, config.KeyValueHeads, config.HeadDim));
        var v = step.Project(value, x).reshape(tokens, config.KeyValueHeads, config.HeadDim);
        var attended = step.Cache is { } cache ? WithCache(q, k, v, step, cache) : Alone(q, k, v, step);
        var y = step.Project(output, attended.reshape(tokens, config.Heads * config.HeadDim));
        return step.Hooks.AfterAttention(block, y, step.Layout);
    }

    private Tensor Alone(Tensor q, Tensor k, Tensor v, ForwardStep step)
    {
        var segments = step.Layout.Segments;
        var extras = segments.Select(segment => step.Hooks.Extra(block, segment)).ToArray();
        if (Array.TrueForAll(extras, extra => extra is null)) return Functional.SegmentAttention(q, k, v, step.Bounds);

        List<Tensor> keys = [], values = [];
        var bounds = new int[segments.Count + 1];
        for (var i = 0; i < segments.Count; i++)
        {
            if (extras[i] is { } extra)
            {
                keys.Add(extra.Keys.to(k.dtype));
                values.Add(extra.Values.to(v.dtype));
            }
            keys.Add(k.narrow(0, segments[i].Start, segments[i].Length));
            values.Add(v.narrow(0, segments[i].Start, segments[i].Length));
            bounds[i + 1] = bounds[i] + segments[i].Length + (int)(extras[i]?.Keys.size(0) ?? 0);
        }
        return Functional.SegmentAttention(q, torch.cat(keys), torch.cat(values), step.Bounds, bounds);
    }

    private Tensor WithCache(Tensor q, Tensor k, Tensor v, ForwardStep step, KvCache cache)
    {
        var segments = step.Layout.Segments;
        Tensor[] keys = new Tensor[segments.Count], values = new Tensor[segments.Count];
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            (keys[i], values[i]) = cache.Append(block, segment, k.narrow(0, segment.Start, segment.Length), v.narrow(0, segment.Start, segment.Length));
            if (step.Hooks.Extra(block, segment) is not { } extra) continue;
            keys[i] = torch.cat([extra.Keys.to(k.dtype), keys[i]]);
            values[i] = torch.cat([extra.Values.to(v.dtype), values[i]]);
        }
        return Functional.CachedAttention(q, keys, values, step.Bounds);
    }
}
