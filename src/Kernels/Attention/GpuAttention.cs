using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// Attention on a GPU, all segments at once: by the flash kernels, which keep no scores, where the numbers have 16 bits; else as a padded batch.
/// </summary>
internal static class GpuAttention
{
    private const int MostWidth = 256;

    /// <summary>Whether it is computed here.</summary>
    internal static bool Suits(Tensor q, Tensor k, Tensor v)
        => q.device_type == DeviceType.CUDA && q.numel() > 0 && k.dtype == q.dtype && v.dtype == q.dtype && q.dtype is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16;

    internal static Tensor Apply(Tensor q, Tensor k, Tensor v, AttentionSegments segments, AttentionOptions options)
    {
        var pieces = AttentionPieces.Of(segments, q.device);
        if (!IsFlash(q, k, v, options)) return Padded(q, k, v, pieces.Padded, options);
        if (pieces.Rows is { } rows) (k, v) = (GpuRows.Take(k, rows), GpuRows.Take(v, rows));
        return Flash(q, k, v, pieces, options);
    }

    internal static Tensor Cached(Tensor q, IReadOnlyList<Tensor> keys, IReadOnlyList<Tensor> values, int[] bounds, AttentionOptions options)
    {
        var pieces = AttentionPieces.Of(bounds, [.. keys.Select(held => (int)held.size(0))], q.device);
        List<Tensor> k = [], v = [];
        for (var s = 0; s < keys.Count; s++)
        {
            if (bounds[s + 1] == bounds[s]) continue;
            k.Add(keys[s]);
            v.Add(values[s]);
        }
        var (key, value) = (k is [var only] ? only : cat(k), v is [var one] ? one : cat(v));
        return IsFlash(q, key, value, options) ? Flash(q, key, value, pieces, options) : Padded(q, key, value, pieces.Padded, options);
    }

    // libtorch's are built without a bias by distance.
    private static bool IsFlash(Tensor q, Tensor k, Tensor v, AttentionOptions options)
        => q.device_type == DeviceType.CUDA && q.dtype != float32 && options.Cap == 0 && options.Prefix is null && q.size(2) % 8 == 0 && q.size(2) <= MostWidth && options.Alibi is null;

    private static Tensor Flash(Tensor q, Tensor k, Tensor v, AttentionPieces pieces, AttentionOptions options)
        => Aten.FlashAttention(q.contiguous(), k.contiguous(), v.contiguous(), pieces, options.ScaleOf(q), options.Window);

    private static Tensor Padded(Tensor q, Tensor k, Tensor v, PaddedPieces pieces, AttentionOptions options)
    {
        var (heads, width, groups) = (q.size(1), q.size(2), q.size(1) / k.size(1));
        Tensor Batch(Tensor x, RowTable rows, int most) => GpuRows.Take(x, rows).view(pieces.Count, most, x.size(1), width).transpose(1, 2);
        Tensor Keys(Tensor x) => Batch(x, pieces.KeyRows, pieces.MostKeys) is var own && groups == 1 ? own : own.repeat_interleave(groups, 1);
        var (query, key, value, seen) = (Batch(q, pieces.QueryRows, pieces.MostQueries), Keys(k), Keys(v), pieces.Seen(options));
        var scale = options.ScaleOf(q);
        Tensor y;
        if (options.Cap > 0)
        {
            // Scores that are bounded before the mask: no operator knows them.
            var scores = Functional.Matmul((query * scale).flatten(0, 1), key.flatten(0, 1).transpose(1, 2)).to(float32).view(pieces.Count, heads, pieces.MostQueries, pieces.MostKeys);
            scores = (scores / options.Cap).tanh() * options.Cap;
            if (options.Alibi is { } slopes) scores = scores + Bias(slopes, pieces);
            y = Functional.Matmul(scores.masked_fill(seen.logical_not(), double.NegativeInfinity).softmax(-1).to(q.dtype).flatten(0, 1), value.flatten(0, 1)).view(pieces.Count, heads, pieces.MostQueries, width);
        }
        else
        {
            // The operator's own scale is 1 / sqrt(width).
            var factor = scale * Math.Sqrt(width);
            if (Math.Abs(factor - 1) > 1e-6) query = query * factor;
            var mask = options.Alibi is { } slopes ? Bias(slopes, pieces).masked_fill(seen.logical_not(), double.NegativeInfinity).to(q.dtype) : seen.expand(pieces.Count, heads, pieces.MostQueries, pieces.MostKeys);
            y = nn.functional.scaled_dot_product_attention(query, key, value, mask);
        }
        return GpuRows.Take(y.transpose(1, 2).reshape(-1, heads, width), pieces.Own);
    }

    private static Tensor Bias(float[] slopes, PaddedPieces pieces)
    {
        using var own = tensor(slopes).On(pieces.Device);
        return own.view(1, -1, 1, 1) * pieces.Distance;
    }
}
