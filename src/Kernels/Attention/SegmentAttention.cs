namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// Causal attention within the segments of a flat row of tokens, without padding and without scores in memory: a block of queries at a
/// time, fp32 inside. A segment may have more keys than queries (a cache, learned keys in front, another segment that it continues); the last
/// query sees the last key.
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
            var position = (arange(queries, device: q.device) + (n - queries)).unsqueeze(1);
            var distance = arange(n, device: q.device).unsqueeze(0) - position;
            var seen = distance.le(0);
            if (options.Window > 0) seen = seen.logical_and(distance.gt(-options.Window));
            if (options.Prefix is { } prefix) seen = seen.logical_or(arange(n, device: q.device).unsqueeze(0).lt(prefix[s]));
            outputs[s] = Attend(q.narrow(0, start, queries), keys[s], values[s], seen, options, distance);
        }
        return cat(outputs);
    }

    // softmax(q kᵀ · scale + bias) v with fp32 scores: q [queries, heads, d], k and v [keys, kv heads, d], seen and distance [queries, keys].
    private static Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor seen, AttentionOptions options, Tensor distance)
    {
        var groups = q.size(1) / k.size(1);
        Tensor Heads(Tensor x) => groups == 1 ? x.transpose(0, 1) : x.transpose(0, 1).repeat_interleave(groups, 0);
        var scores = (q.transpose(0, 1) * options.ScaleOf(q)).bmm(Heads(k).transpose(1, 2)).to(float32);
        if (options.Cap > 0) scores = (scores / options.Cap).tanh() * options.Cap;
        if (options.Alibi is { } slopes) scores = scores + tensor(slopes).On(q.device).view(-1, 1, 1) * distance;
        return scores.masked_fill(seen.logical_not(), double.NegativeInfinity).softmax(-1).to(q.dtype).bmm(Heads(v)).transpose(0, 1);
    }

    /// <summary>Self-attention: keys and values are rows of one tensor each; gradients flow to all three.</summary>
    internal static Tensor Apply(Tensor q, Tensor k, Tensor v, AttentionSegments segments, AttentionOptions options)
    {
        Check(q, k, v, segments, options);
        if (GpuAttention.Suits(q, k, v)) return GpuAttention.Apply(q, k, v, segments, options);
        if (!Simd.Suits(q, k, v) || q.numel() == 0 || options.Cap > 0) return Reference(q, segments.Cut(k), segments.Cut(v), segments.Queries, options);
        return q.dtype == float32 ? Run<F32>(q, k, v, segments, options) : Run<BF16>(q, k, v, segments, options);
    }

    /// <summary>Attention over caches: keys and values of each segment are a tensor of their own. No gradient.</summary>
    internal static Tensor Cached(Tensor q, IReadOnlyList<Tensor> keys, IReadOnlyList<Tensor> values, int[] bounds, AttentionOptions options)
    {
        if (keys.Count != bounds.Length - 1 || values.Count != keys.Count)
            throw new ArgumentException($"cached_attention: {keys.Count} keys and {values.Count} values for {bounds.Length - 1} segments");
        var suits = Simd.Suits(q) && q.numel() > 0 && options.Cap == 0;
        for (var s = 0; s < keys.Count; s++)
        {
            if (bounds[s + 1] < bounds[s] || keys[s].size(0) < bounds[s + 1] - bounds[s] || keys[s].size(0) == 0)
                throw new ArgumentException($"cached_attention: segment {s} has {bounds[s + 1] - bounds[s]} queries and {keys[s].size(0)} keys");
            CheckShapes(q, keys[s], values[s]);
            suits &= Simd.Suits(q, keys[s], values[s]);
        }
        if (Autograd.Records(q)) throw new ArgumentException("cached_attention has no gradient: call it under no_grad");
        if (keys.Count > 0 && GpuAttention.Suits(q, keys[0], values[0])) return GpuAttention.Cached(q, keys, values, bounds, options);
        if (!suits) return Reference(q, keys, values, bounds, options);
        var calls = new AttentionCall(q, bounds, options);
        for (var s = 0; s < keys.Count; s++) calls.Add(s, AttentionCall.Rows(keys[s]), AttentionCall.Rows(values[s]));
        var (y, _) = q.dtype == float32 ? calls.Forward<F32>() : calls.Forward<BF16>();
        return y;
    }

    private static Tensor Run<T>(Tensor q, Tensor k, Tensor v, AttentionSegments segments, AttentionOptions options) where T : IElement
    {
        Tensor y, lse;
        using (torch.no_grad()) (y, lse) = new AttentionCall(q, k, v, segments, options).Forward<T>();
        Autograd.Function([q, k, v], [y], [q, k, v, y, lse], (grads, saved) =>
        {
            if (grads[0] is not { } dy) return [null, null, null];
            var (q, k, v) = (saved[0]!, saved[1]!, saved[2]!);
            return new AttentionCall(q, k, v, segments, options).Backward<T>(q, k, v, saved[3]!, saved[4]!, dy);
        });
        return y;
    }

    private static void Check(Tensor q, Tensor k, Tensor v, AttentionSegments segments, AttentionOptions options)
    {
        CheckShapes(q, k, v);
        if (segments.Queries[^1] != q.size(0) || segments.Keys[^1] != k.size(0))
            throw new ArgumentException($"segment_attention: the bounds do not cover {q.size(0)} queries and {k.size(0)} keys");
        if (options.Alibi is { } a && a.Length != q.size(1)) throw new ArgumentException($"segment_attention: {a.Length} slopes for {q.size(1)} heads");
        if (options.Prefix is { } p && p.Length != segments.Count) throw new ArgumentException($"segment_attention: {p.Length} prefixes for {segments.Count} segments");
    }

    private static void CheckShapes(Tensor q, Tensor k, Tensor v)
    {
        if (q.dim() != 3 || k.dim() != 3 || v.dim() != 3 || q.size(2) != k.size(2) || k.size(2) != v.size(2) || k.size(0) != v.size(0)
            || k.size(1) != v.size(1) || k.size(1) == 0 || q.size(1) % k.size(1) != 0)
            throw new ArgumentException($"attention: q {q.Describe()}, k {k.Describe()} and v {v.Describe()} do not fit [tokens, heads, d] and [keys, kv heads, d]");
    }
}
