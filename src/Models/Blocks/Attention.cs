using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Causal grouped-query self-attention over a packed row of tokens: softmax(q kᵀ / sqrt(head_dim)) v, query head i on key/value head
/// i / (heads / kv heads). Each segment sees its adapter's extra keys, its cache or the segment that it continues, and itself.
/// </summary>
internal sealed class Attention(int block, DecoderConfig config, ProjectionSite query, ProjectionSite key, ProjectionSite value, ProjectionSite output)
{
    public ProjectionSite Query => query;

    public ProjectionSite Key => key;

    public ProjectionSite Value => value;

    public ProjectionSite Output => output;

    /// <summary><c>[tokens, hidden]</c> → <c>[kept tokens, hidden]</c>: the queries of <paramref name="kept"/> on the keys and values of all.</summary>
    public Tensor Forward(Tensor x, ForwardStep step, ForwardStep kept)
    {
        var q = kept.Positions.Rotate(Heads(kept.Project(query, kept.Select(x)), config.Heads));
        var k = step.Positions.Rotate(Heads(step.Project(key, x), config.KeyValueHeads));
        var v = Heads(step.Project(value, x), config.KeyValueHeads);
        var attended = step.Cache is { } cache ? WithCache(q, k, v, step, cache, kept.Bounds) : Alone(q, k, v, step, kept.Bounds);
        var y = kept.Project(output, attended.reshape(q.size(0), config.Heads * config.HeadDim));
        return kept.Hooks.AfterAttention(block, y, kept.Layout);
    }

    private Tensor Heads(Tensor x, int heads) => x.reshape(x.size(0), heads, config.HeadDim);

    private Tensor Alone(Tensor q, Tensor k, Tensor v, ForwardStep step, int[] queries)
    {
        var segments = step.Layout.Segments;
        var extras = segments.Select(segment => segment.Continues < 0 ? step.Hooks.Extra(block, segment) : null).ToArray();
        if (Array.TrueForAll(extras, extra => extra is null)) return Functional.SegmentAttention(q, k, v, queries, step.Bounds, continues: step.Continues);

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
        return Functional.SegmentAttention(q, torch.cat(keys), torch.cat(values), queries, bounds, continues: step.Continues);
    }

    private Tensor WithCache(Tensor q, Tensor k, Tensor v, ForwardStep step, KvCache cache, int[] queries)
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
        return Functional.CachedAttention(q, keys, values, queries);
    }
}
