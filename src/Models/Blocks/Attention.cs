using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Attention;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Grouped-query self-attention over a packed row of tokens: softmax(q kᵀ / sqrt(head_dim)) v, query head i on key/value head
/// i / (heads / kv heads). Each segment sees its adapter's extra keys, its cache or the segment that it continues, and itself up to the token, as far
/// as window and prompt say.
/// </summary>
internal sealed class Attention(int block, AttentionShape shape, IQueryKeyValue inputs, ProjectionSite output)
{
    public AttentionShape Shape => shape;

    public IQueryKeyValue Inputs => inputs;

    public ProjectionSite Output => output;

    /// <summary>Norm of each head's query before the rotation, or null.</summary>
    public INorm? QueryNorm { get; init; }

    /// <summary>Norm of each head's key, likewise.</summary>
    public INorm? KeyNorm { get; init; }

    /// <summary><c>[tokens, hidden]</c> → <c>[kept tokens, hidden]</c>: the queries of <paramref name="kept"/> on the keys and values of all.</summary>
    public Tensor Forward(Tensor x, ForwardStep step, ForwardStep kept)
    {
        var (q, k, v) = inputs.Project(x, shape, step, kept);
        q = kept.Positions.Rotate(QueryNorm is null ? q : QueryNorm.Forward(q));
        k = step.Positions.Rotate(KeyNorm is null ? k : KeyNorm.Forward(k));
        var attended = step.Cache is { } cache ? WithCache(q, k, v, step, cache, kept.Bounds) : Alone(q, k, v, step, kept.Bounds);
        var y = kept.Project(output, attended.reshape(q.size(0), shape.Heads * shape.HeadDim));
        return kept.Hooks.AfterAttention(block, y, kept.Layout);
    }

    // The prompts that are read in both directions begin behind the extra keys, which every token sees.
    private AttentionOptions Options(ForwardStep step, ExtraKeyValues?[] extras) => step.Positions.Prefixes is { } prefixes
        ? shape.Options with { Prefix = [.. prefixes.Select((prefix, i) => prefix + (int)(extras[i]?.Keys.size(0) ?? 0))] }
        : shape.Options;

    private Tensor Alone(Tensor q, Tensor k, Tensor v, ForwardStep step, int[] queries)
    {
        var segments = step.Layout.Segments;
        var extras = segments.Select(segment => segment.Continues < 0 ? step.Hooks.Extra(block, segment) : null).ToArray();
        var options = Options(step, extras);
        if (Array.TrueForAll(extras, extra => extra is null)) return Functional.SegmentAttention(q, k, v, queries, step.Bounds, options, step.Continues);

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
        return Functional.SegmentAttention(q, torch.cat(keys), torch.cat(values), queries, bounds, options, step.Continues);
    }

    private Tensor WithCache(Tensor q, Tensor k, Tensor v, ForwardStep step, KvCache cache, int[] queries)
    {
        var segments = step.Layout.Segments;
        Tensor[] keys = new Tensor[segments.Count], values = new Tensor[segments.Count];
        var extras = new ExtraKeyValues?[segments.Count];
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            (keys[i], values[i]) = cache.Append(block, segment, k.narrow(0, segment.Start, segment.Length), v.narrow(0, segment.Start, segment.Length));
            if ((extras[i] = step.Hooks.Extra(block, segment)) is not { } extra) continue;
            keys[i] = torch.cat([extra.Keys.to(k.dtype), keys[i]]);
            values[i] = torch.cat([extra.Values.to(v.dtype), values[i]]);
        }
        return Functional.CachedAttention(q, keys, values, queries, Options(step, extras));
    }
}
