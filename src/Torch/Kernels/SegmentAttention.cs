namespace AlpacaCot.Torch.Kernels;

/// <summary>What a query sees, beyond its own segment.</summary>
/// <param name="Scale">Multiplies the scores.</param>
/// <param name="Window">A query sees the last so many keys, itself included; 0 is all of them.</param>
/// <param name="Alibi">Slope per query head: adds slope · (key position - query position) to the scores (Press et al. 2022). Null is none.</param>
/// <param name="Prefix">Per segment, how many first keys every query sees (prefix-LM). Null is none.</param>
internal sealed record AttentionOptions(float Scale, int Window = 0, float[]? Alibi = null, int[]? Prefix = null);

/// <summary>
/// Causal attention within the segments of a flat row of tokens, without padding and without scores in memory: a block of queries at a
/// time, fp32 inside. A segment may have more keys than queries (a cache, learned keys in front); the last query sees the last key.
/// </summary>
internal static unsafe class SegmentAttention
{
    /// <summary>The plain definition, one segment after the other.</summary>
    internal static Tensor Reference(Tensor q, IReadOnlyList<Tensor> keys, IReadOnlyList<Tensor> values, int[] bounds, AttentionOptions options)
    {
        var outputs = new Tensor[bounds.Length - 1];
        for (var s = 0; s < outputs.Length; s++)
        {
            int start = bounds[s], queries = bounds[s + 1] - start, n = (int)keys[s].size(0);
            var position = (torch.arange(queries, device: q.device) + (n - queries)).unsqueeze(1);
            var distance = torch.arange(n, device: q.device).unsqueeze(0) - position;
            var seen = distance.le(0);
            if (options.Window > 0) seen = seen.logical_and(distance.gt(-options.Window));
            if (options.Prefix is { } prefix) seen = seen.logical_or(torch.arange(n, device: q.device).unsqueeze(0).lt(prefix[s]));
            var mask = torch.zeros([queries, n], ScalarType.Float32, q.device).masked_fill(seen.logical_not(), double.NegativeInfinity);
            if (options.Alibi is { } slopes) mask = mask + torch.tensor(slopes).to(q.device).view(-1, 1, 1) * distance;
            var attended = torch.functional.scaled_dot_product_attention(
                q.narrow(0, start, queries).transpose(0, 1), keys[s].transpose(0, 1), values[s].transpose(0, 1), mask.to(Mask(q)), scale: options.Scale);
            outputs[s] = attended.transpose(0, 1);
        }
        return torch.cat(outputs);
    }

    // libtorch's own attention wants a mask of the queries' type; the composed one adds fp32 scores.
    private static ScalarType Mask(Tensor q) => torch.has("scaled_dot_product_attention") ? q.dtype : ScalarType.Float32;

    /// <summary>
    /// Self-attention: keys and values are rows of one tensor each, cut at <paramref name="keyBounds"/>; gradients flow to all three.
    /// </summary>
    internal static Tensor Apply(Tensor q, Tensor k, Tensor v, int[] bounds, int[] keyBounds, AttentionOptions options)
    {
        Check(q, k, v, bounds, keyBounds, options);
        if (!Simd.Suits(q, k, v) || q.numel() == 0)
            return Reference(q, Cut(k, keyBounds), Cut(v, keyBounds), bounds, options);
        return q.dtype == ScalarType.Float32 ? Run<F32>(q, k, v, bounds, keyBounds, options) : Run<BF16>(q, k, v, bounds, keyBounds, options);
    }

    /// <summary>Attention over caches: keys and values of each segment are a tensor of their own. No gradient.</summary>
    internal static Tensor Cached(Tensor q, IReadOnlyList<Tensor> keys, IReadOnlyList<Tensor> values, int[] bounds, AttentionOptions options)
    {
        if (keys.Count != bounds.Length - 1 || values.Count != keys.Count)
            throw new TorchException($"cached_attention: {keys.Count} keys and {values.Count} values for {bounds.Length - 1} segments");
        var suits = Simd.Suits(q) && q.numel() > 0;
        for (var s = 0; s < keys.Count; s++)
        {
            CheckBounds(bounds, s, keys[s].size(0));
            CheckShapes(q, keys[s], values[s]);
            suits &= Simd.Suits(q, keys[s], values[s]);
        }
        if (torch.autograd.Records(q)) throw new TorchException("cached_attention has no gradient: call it under no_grad");
        if (!suits) return Reference(q, keys, values, bounds, options);
        var calls = new AttentionCall(q, bounds, options);
        for (var s = 0; s < keys.Count; s++) calls.Add(s, AttentionCall.Rows(keys[s]), AttentionCall.Rows(values[s]));
        var (y, _) = q.dtype == ScalarType.Float32 ? calls.Forward<F32>() : calls.Forward<BF16>();
        return y;
    }

    private static Tensor Run<T>(Tensor q, Tensor k, Tensor v, int[] bounds, int[] keyBounds, AttentionOptions options) where T : IElement
    {
        Tensor y, lse;
        using (torch.no_grad()) (y, lse) = Bind(q, k, v, bounds, keyBounds, options).Forward<T>();
        torch.autograd.Custom([q, k, v], [y], [q, k, v, y, lse], (grads, saved) =>
        {
            if (grads[0] is not { } dy) return [null, null, null];
            var call = Bind(saved[0]!, saved[1]!, saved[2]!, bounds, keyBounds, options);
            return call.Backward<T>(saved[0]!, saved[1]!, saved[2]!, keyBounds, saved[3]!, saved[4]!, dy);
        });
        return y;
    }

    private static AttentionCall Bind(Tensor q, Tensor k, Tensor v, int[] bounds, int[] keyBounds, AttentionOptions options)
    {
        var call = new AttentionCall(q, bounds, options);
        Tensor keys = AttentionCall.Rows(k), values = AttentionCall.Rows(v);
        for (var s = 0; s + 1 < bounds.Length; s++) call.Add(s, keys, values, keyBounds[s], keyBounds[s + 1]);
        return call;
    }

    private static Tensor[] Cut(Tensor x, int[] bounds)
    {
        var parts = new Tensor[bounds.Length - 1];
        for (var s = 0; s < parts.Length; s++) parts[s] = x.narrow(0, bounds[s], bounds[s + 1] - bounds[s]);
        return parts;
    }

    private static void Check(Tensor q, Tensor k, Tensor v, int[] bounds, int[] keyBounds, AttentionOptions options)
    {
        CheckShapes(q, k, v);
        if (bounds.Length < 2 || keyBounds.Length != bounds.Length || bounds[0] != 0 || keyBounds[0] != 0 || bounds[^1] != q.size(0) || keyBounds[^1] != k.size(0))
            throw new TorchException($"segment_attention: the bounds do not cover {q.size(0)} queries and {k.size(0)} keys");
        for (var s = 0; s + 1 < bounds.Length; s++) CheckBounds(bounds, s, keyBounds[s + 1] - keyBounds[s]);
        if (options.Alibi is { } a && a.Length != q.size(1)) throw new TorchException($"segment_attention: {a.Length} slopes for {q.size(1)} heads");
        if (options.Prefix is { } p && p.Length != bounds.Length - 1) throw new TorchException($"segment_attention: {p.Length} prefixes for {bounds.Length - 1} segments");
    }

    private static void CheckBounds(int[] bounds, int s, long keys)
    {
        if (bounds[s + 1] <= bounds[s] || keys < bounds[s + 1] - bounds[s])
            throw new TorchException($"attention: segment {s} has {bounds[s + 1] - bounds[s]} queries and {keys} keys");
    }

    private static void CheckShapes(Tensor q, Tensor k, Tensor v)
    {
        if (q.dim() != 3 || k.dim() != 3 || v.dim() != 3 || q.size(2) != k.size(2) || k.size(2) != v.size(2) || k.size(0) != v.size(0)
            || k.size(1) != v.size(1) || k.size(1) == 0 || q.size(1) % k.size(1) != 0)
            throw new TorchException($"attention: q {q}, k {k} and v {v} do not fit [tokens, heads, d] and [keys, kv heads, d]");
    }
}
