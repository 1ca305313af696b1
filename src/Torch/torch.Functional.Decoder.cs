using AlpacaCot.Torch.Kernels;

namespace AlpacaCot.Torch;

public static partial class torch
{
    public static partial class functional
    {
        /// <summary>
        /// x / sqrt(mean(x²) + eps) over the last dimension, statistics in fp32, then times weight in x's type (Zhang and Sennrich 2019, as
        /// LLaMA does it).
        /// </summary>
        /// <param name="x"><c>[..., n]</c>.</param>
        /// <param name="weight"><c>[n]</c>, or null.</param>
        /// <param name="eps">Added to the mean square.</param>
        public static Tensor rms_norm(Tensor x, Tensor? weight = null, double eps = 1e-6) =>
            weight is null ? RmsNorm.Reference(x, null, eps) : RmsNorm.Apply(x, weight, eps);

        /// <summary>Rotates pairs of channels by position (RoPE, Su et al. 2021), computed in fp32.</summary>
        /// <param name="x"><c>[tokens, heads, d]</c>.</param>
        /// <param name="cos">fp32 <c>[tokens, r/2]</c>, r ≤ d; the channels from r on pass unchanged.</param>
        /// <param name="sin">fp32 <c>[tokens, r/2]</c>.</param>
        /// <param name="pairs">Channels 2i and 2i+1 form a pair (GPT-J, ChatGLM); else i and i + r/2 do (LLaMA, NeoX).</param>
        public static Tensor rotary(Tensor x, Tensor cos, Tensor sin, bool pairs = false) => Rotary.Apply(x, cos, sin, pairs);

        /// <summary>silu(gate) * up, elementwise (Shazeer 2020).</summary>
        public static Tensor swiglu(Tensor gate, Tensor up) => SwiGlu.Apply(gate, up);

        /// <summary>
        /// Causal attention within each segment of a flat row of tokens; fewer kv heads serve groups of query heads. Scores are fp32 and never
        /// stored.
        /// </summary>
        /// <param name="q"><c>[tokens, heads, d]</c>.</param>
        /// <param name="k"><c>[keys, kv heads, d]</c>.</param>
        /// <param name="v"><c>[keys, kv heads, d]</c>.</param>
        /// <param name="bounds">Starts of the segments and, last, the number of tokens.</param>
        /// <param name="scale">1 / sqrt(d) unless told otherwise.</param>
        /// <param name="key_bounds">Starts of the segments among the keys, where a segment has learned keys in front of its own; the last query
        /// sees the last key.</param>
        /// <param name="window">A query sees the last so many keys, itself included; 0 is all of them.</param>
        /// <param name="alibi">Slope per head: adds slope · (key position - query position) (Press et al. 2022).</param>
        /// <param name="prefix">Per segment, how many first keys every query sees (prefix-LM).</param>
        /// <returns><c>[tokens, heads, d]</c> in the type of q.</returns>
        /// <exception cref="TorchException">Shapes or bounds do not fit.</exception>
        public static Tensor segment_attention(Tensor q, Tensor k, Tensor v, int[] bounds, double? scale = null, int[]? key_bounds = null, int window = 0,
            float[]? alibi = null, int[]? prefix = null) =>
            SegmentAttention.Apply(q, k, v, bounds, key_bounds ?? bounds, new AttentionOptions((float)(scale ?? 1 / Math.Sqrt(q.size(-1))), window, alibi, prefix));

        /// <summary>Attention over caches, without a gradient: query i of a segment sees keys up to keys - queries + i.</summary>
        /// <param name="q"><c>[tokens, heads, d]</c>.</param>
        /// <param name="keys">Per segment <c>[keys, kv heads, d]</c>; may be a part of a larger cache.</param>
        /// <param name="values">Per segment <c>[keys, kv heads, d]</c>.</param>
        /// <param name="bounds">Starts of the segments and, last, the number of tokens.</param>
        /// <param name="scale">1 / sqrt(d) unless told otherwise.</param>
        /// <param name="window">A query sees the last so many keys, itself included; 0 is all of them.</param>
        /// <param name="alibi">Slope per head: adds slope · (key position - query position).</param>
        /// <param name="prefix">Per segment, how many first keys every query sees (prefix-LM).</param>
        /// <returns><c>[tokens, heads, d]</c> in the type of q.</returns>
        /// <exception cref="TorchException">Shapes or bounds do not fit, or a gradient is being recorded.</exception>
        public static Tensor cached_attention(Tensor q, IReadOnlyList<Tensor> keys, IReadOnlyList<Tensor> values, int[] bounds, double? scale = null, int window = 0,
            float[]? alibi = null, int[]? prefix = null) =>
            SegmentAttention.Cached(q, keys, values, bounds, new AttentionOptions((float)(scale ?? 1 / Math.Sqrt(q.size(-1))), window, alibi, prefix));

        /// <summary>y + scale · (x Aᵀ) Bᵀ, computed in fp32 (LoRA, Hu et al. 2021); gradients flow to all four.</summary>
        /// <param name="y"><c>[rows, out]</c>, the frozen projection's output.</param>
        /// <param name="x"><c>[rows, in]</c>, of y's type.</param>
        /// <param name="a">fp32 <c>[r, in]</c>.</param>
        /// <param name="b">fp32 <c>[out, r]</c>.</param>
        /// <param name="scale">alpha / r, say.</param>
        /// <returns><c>[rows, out]</c> in y's type.</returns>
        /// <exception cref="TorchException">The shapes do not fit.</exception>
        public static Tensor low_rank_add(Tensor y, Tensor x, Tensor a, Tensor b, double scale) => LowRank.Apply(y, x, a, b, scale);

        /// <summary>
        /// Cross entropy per row, computed in fp32: logits <c>[rows, classes]</c>, int64 targets <c>[rows]</c>; fp32 <c>[rows]</c>.
        /// </summary>
        public static Tensor cross_entropy_rows(Tensor logits, Tensor targets) =>
            cross_entropy(logits.to(ScalarType.Float32), targets, Reduction.None);
    }
}
