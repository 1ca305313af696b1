namespace AlpacaCot.Torch.Kernels;

/// <summary>Causal attention within the segments of a flat row of tokens, without padding and without a mask across segments.</summary>
internal static class SegmentAttention
{
    /// <summary>The plain definition, one segment after the other.</summary>
    internal static Tensor Reference(Tensor q, Tensor k, Tensor v, ReadOnlySpan<int> bounds, double scale)
    {
        var outputs = new Tensor[bounds.Length - 1];
        for (var s = 0; s < outputs.Length; s++)
        {
            long start = bounds[s], length = bounds[s + 1] - start;
            var attended = torch.functional.scaled_dot_product_attention(
                Heads(q, start, length), Heads(k, start, length), Heads(v, start, length), is_causal: true, scale: scale);
            outputs[s] = attended.transpose(0, 1);
        }
        return torch.cat(outputs);
    }

    private static Tensor Heads(Tensor x, long start, long length) => x.narrow(0, start, length).transpose(0, 1);
}
