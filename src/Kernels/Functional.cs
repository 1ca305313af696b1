using AlpacaCot.Kernels.Attention;

namespace AlpacaCot.Kernels;

/// <summary>
/// Functions of decoders, as <c>torch.nn.functional</c> has them, through kernels of the project's own where they run on the processor.
/// The same inputs give the same bits whatever the number of threads.
/// </summary>
public static class Functional
{
    /// <summary>
    /// x Wᵀ + b: x <c>[..., in]</c>, weight <c>[out, in]</c>, bias <c>[out]</c>. A few rows without a gradient go through a matrix-vector
    /// kernel.
    /// </summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) => MatVec.Suits(x, weight, bias) ? MatVec.Run(x, weight, bias) : Products.Linear(x, weight, bias);

    /// <summary>a b for two matrices or two batches of them (<c>torch.mm</c>, <c>torch.bmm</c>); those of bf16 at the speed of fp32 where libtorch has no kernels for them.</summary>
    public static Tensor Matmul(Tensor a, Tensor b)
    {
        using var _ = Products.Measured(a, b);
        return WidenedProducts.Suit(a, b) ? Multiply(a.to(float32), b.to(float32)).to(bfloat16) : Multiply(a, b);
    }

    private static Tensor Multiply(Tensor a, Tensor b) => a.dim() == 3 ? a.bmm(b) : a.mm(b);

    /// <summary>y + alpha · a b, as <c>torch.addmm</c> has it: rounded once.</summary>
    public static Tensor AddMatmul(Tensor y, Tensor a, Tensor b, double alpha = 1)
    {
        using var _ = Products.Measured(a, b);
        return WidenedProducts.Suit(a, b) ? y.to(float32).addmm(a.to(float32), b.to(float32), alpha: (float)alpha).to(bfloat16) : y.addmm(a, b, alpha: (float)alpha);
    }

    /// <summary>y + s · x Aᵀ Bᵀ, A and B in x's type: what a low-rank adapter adds to a projection's output, as one node.</summary>
    /// <param name="x"><c>[rows, in]</c>.</param>
    /// <param name="a">fp32 <c>[rank, in]</c>.</param>
    /// <param name="b">fp32 <c>[out, rank]</c>.</param>
    /// <param name="scaling">s.</param>
    /// <param name="y"><c>[rows, out]</c> in x's type.</param>
    /// <param name="dropout">What of x is dropped; null drops nothing.</param>
    public static Tensor LowRank(Tensor x, Tensor a, Tensor b, double scaling, Tensor y, RowMask? dropout = null) => LowRankUpdate.Apply(x, a, b, scaling, y, dropout);

    /// <summary>y + s · f(x Aᵀ) Bᵀ in fp32, rounded once to y's type: what a bottleneck adapter adds, as one node.</summary>
    /// <param name="x"><c>[rows, in]</c>.</param>
    /// <param name="a">fp32 <c>[size, in]</c>.</param>
    /// <param name="b">fp32 <c>[out, size]</c>.</param>
    /// <param name="scaling">s.</param>
    /// <param name="y"><c>[rows, out]</c>; may be x itself.</param>
    /// <param name="function">f.</param>
    /// <param name="dropout">What of x is dropped; null drops nothing.</param>
    public static Tensor Bottleneck(Tensor x, Tensor a, Tensor b, double scaling, Tensor y, MiddleFunction function, RowMask? dropout = null) => LowRankUpdate.Apply(x, a, b, scaling, y, function, dropout);

    /// <summary>Every row times factors: x <c>[rows, n]</c>, factors fp32 <c>[n]</c>; the result in x's type.</summary>
    public static Tensor ScaleRows(Tensor x, Tensor factors) => RowScale.Apply(x, factors);

    /// <summary>Rows of a table by id: ids int64 <c>[tokens]</c>, weight <c>[vocabulary, width]</c>.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="weight">The table.</param>
    /// <param name="padding">A row that gets no gradient; every row does where null.</param>
    public static Tensor Embedding(Tensor ids, Tensor weight, int? padding = null)
    {
        var rows = weight.device_type == DeviceType.CUDA ? GpuRows.Take(weight, ids) : weight.index_select(0, ids);
        return padding is { } row && weight.requires_grad ? torch.where(ids.ne(row).unsqueeze(1), rows, rows.detach()) : rows;
    }

    /// <summary>
    /// x / sqrt(mean(x²) + eps) over the last dimension, statistics in fp32, then times weight in x's type (Zhang and Sennrich 2019, as LLaMA
    /// does it).
    /// </summary>
    /// <param name="x"><c>[..., n]</c>.</param>
    /// <param name="weight"><c>[n]</c>, or null.</param>
    /// <param name="eps">Added to the mean square.</param>
    public static Tensor RmsNorm(Tensor x, Tensor? weight = null, double eps = 1e-6) => weight is null ? Kernels.RmsNorm.Reference(x, null, eps) : Kernels.RmsNorm.Apply(x, weight, eps);

    /// <summary>A residual sum and its RMSNorm: <c>(stream + update, RmsNorm(stream + update))</c> for two <c>[..., n]</c>.</summary>
    public static (Tensor Sum, Tensor Normed) AddRmsNorm(Tensor stream, Tensor update, Tensor weight, double eps = 1e-6) => Kernels.RmsNorm.Add(stream, update, weight, eps);

    /// <summary>Rows of <c>[rows, ...]</c> by ascending number, each at most once.</summary>
    /// <exception cref="ArgumentException">The numbers do not ascend, or there is no such row.</exception>
    public static Tensor SelectRows(Tensor x, int[] rows) => RowSelection.Apply(x, rows);

    /// <summary>Rotates pairs of channels by position (RoPE, Su et al. 2021), computed in fp32.</summary>
    /// <param name="x"><c>[tokens, heads, d]</c>.</param>
    /// <param name="cos">fp32 <c>[tokens, r/2]</c>, r ≤ d; the channels from r on pass unchanged.</param>
    /// <param name="sin">fp32 <c>[tokens, r/2]</c>.</param>
    /// <param name="pairs">Channels 2i and 2i+1 form a pair (GPT-J, ChatGLM); else i and i + r/2 do (LLaMA, NeoX).</param>
    public static Tensor Rotary(Tensor x, Tensor cos, Tensor sin, bool pairs = false) => Kernels.Rotary.Apply(x, cos, sin, pairs);

    /// <summary>silu(gate) · up, elementwise (Shazeer 2020).</summary>
    public static Tensor SwiGlu(Tensor gate, Tensor up) => Kernels.SwiGlu.Apply(gate, up);

    /// <summary>GELU by tanh (Hendrycks and Gimpel 2016), elementwise.</summary>
    public static Tensor GeluTanh(Tensor x) => Kernels.GeluTanh.Apply(x);

    /// <summary>
    /// Causal attention within each segment of a flat row of tokens; fewer kv heads serve groups of query heads. Scores are fp32 and never
    /// stored.
    /// </summary>
    /// <param name="q"><c>[tokens, heads, d]</c>.</param>
    /// <param name="k"><c>[keys, kv heads, d]</c>.</param>
    /// <param name="v"><c>[keys, kv heads, d]</c>.</param>
    /// <param name="bounds">Starts of the segments and, last, the number of tokens.</param>
    /// <param name="keyBounds">Starts of the segments among the keys, where a segment has more of them than queries: learned ones in front of its own, or queries of its last tokens alone. The last query sees the last key.</param>
    /// <param name="options">Scale, window, position bias, prefixes; the usual ones where null.</param>
    /// <param name="continues">
    /// Per segment the one that it continues, whose keys it sees in front of its own, or -1. Segments that continue the same one follow it directly.
    /// </param>
    /// <returns><c>[tokens, heads, d]</c> in the type of q.</returns>
    /// <exception cref="ArgumentException">Shapes or bounds do not fit.</exception>
    public static Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, int[] bounds, int[]? keyBounds = null, AttentionOptions? options = null, int[]? continues = null)
        => Attention.SegmentAttention.Apply(q, k, v, new AttentionSegments(bounds, keyBounds ?? bounds, continues), options ?? new AttentionOptions());

    /// <summary>Attention over caches, without a gradient: query i of a segment sees keys up to keys - queries + i.</summary>
    /// <param name="q"><c>[tokens, heads, d]</c>.</param>
    /// <param name="keys">Per segment <c>[keys, kv heads, d]</c>; may be a part of a larger cache.</param>
    /// <param name="values">Per segment <c>[keys, kv heads, d]</c>.</param>
    /// <param name="bounds">Starts of the segments and, last, the number of tokens.</param>
    /// <param name="options">Scale, window, position bias, prefixes; the usual ones where null.</param>
    /// <returns><c>[tokens, heads, d]</c> in the type of q.</returns>
    /// <exception cref="ArgumentException">Shapes or bounds do not fit, or a gradient is being recorded.</exception>
    public static Tensor CachedAttention(Tensor q, IReadOnlyList<Tensor> keys, IReadOnlyList<Tensor> values, int[] bounds, AttentionOptions? options = null)
        => Attention.SegmentAttention.Cached(q, keys, values, bounds, options ?? new AttentionOptions());

    /// <summary>The index of each row's largest element, the first of equals; what is not a number counts as largest, as <c>torch.argmax</c> has it.</summary>
    /// <param name="x"><c>[rows, n]</c>.</param>
    /// <param name="indices">Receives an index per row.</param>
    /// <param name="values">Receives what stands there.</param>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static void ArgMax(Tensor x, Span<int> indices, Span<float> values) => Kernels.ArgMax.Apply(x, indices, values);

    /// <summary>Cross entropy per row, computed in fp32: logits <c>[rows, classes]</c>, int64 targets <c>[rows]</c>; fp32 <c>[rows]</c>.</summary>
    public static Tensor CrossEntropyRows(Tensor logits, Tensor targets) => nn.functional.cross_entropy(logits.to(float32), targets, reduction: nn.Reduction.None);

    /// <summary>Losses of rows of logits, and the logits overwritten by the gradient of the weighted sum of these losses; fp32 inside.</summary>
    /// <param name="logits"><c>[rows, classes]</c> fp32 or bf16, contiguous.</param>
    /// <param name="targets">A class per row.</param>
    /// <param name="weights">A weight per row.</param>
    /// <param name="losses">Receives -log softmax(logits)[target] per row.</param>
    /// <exception cref="ArgumentException">Sizes do not fit, or a target is no class.</exception>
    public static void CrossEntropyInPlace(Tensor logits, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, Span<float> losses)
    {
        if (weights.Length != targets.Length) throw new ArgumentException($"{weights.Length} weights for {targets.Length} targets", nameof(weights));
        if (targets.Length > 0) CrossEntropy.Run(logits, targets, weights, losses);
    }
}
