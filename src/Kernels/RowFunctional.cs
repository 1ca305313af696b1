using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Attention;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>A product that shares its input with others: W <c>[width of y, width of x]</c>, a bias or none, and where y = x Wᵀ + b goes.</summary>
public readonly record struct RowProduct(Tensor Weight, Tensor? Bias, Rows Y);

/// <summary>Keys and values that one query sees, the last of them its own: the first <paramref name="Length"/> rows of two contiguous tensors <c>[rows, kv heads, d]</c>.</summary>
public readonly record struct CachedKeyValues(Tensor Keys, Tensor Values, int Length);

/// <summary>
/// The functions of <see cref="Functional"/> that a decode step needs, on rows in place: no gradient, no tensor made. They compute what
/// <see cref="Functional"/> does, with the same kernels; shapes are the caller's to get right, and are checked where a mistake would write elsewhere.
/// </summary>
public static unsafe class RowFunctional
{
    /// <summary>Most rows of a call: beyond, libtorch's products are as fast.</summary>
    public const int MostRows = MatVec.MostRows;

    /// <summary>y = x Wᵀ + b for several weights at once.</summary>
    public static void Linear(Rows x, params ReadOnlySpan<RowProduct> products)
    {
        var calls = stackalloc MatVec.Product[products.Length];
        for (var i = 0; i < products.Length; i++)
        {
            var (weight, bias, y) = products[i];
            Check(y.Count == x.Count && x.Count <= MostRows && y.Type == x.Type && weight.numel() == (long)x.Width * y.Width && weight.size(-1) == x.Width
                && Simd.Suits(weight, bias) && weight.dtype == x.Type && (bias is null || bias.numel() == y.Width), "linear");
            calls[i] = new MatVec.Product { W = (byte*)weight.Pointer(), Bias = bias is null ? null : (byte*)bias.Pointer(), Y = y.Pointer, N = y.Width };
        }
        if (x.Count > 0 && products.Length > 0) MatVec.Run(x.Type, x.Pointer, x.Count, x.Width, new Span<MatVec.Product>(calls, products.Length));
    }

    /// <summary>y = x / sqrt(mean(x²) + eps) · weight, row by row.</summary>
    public static void RmsNorm(Rows x, Tensor weight, double eps, Rows y)
    {
        Check(Same(x, y) && weight.dtype == x.Type && weight.numel() == x.Width, "rms_norm");
        Kernels.RmsNorm.Run(x, weight, eps, y);
    }

    /// <summary>Rotates the heads of every row by its angles, in place, in halves: cos and sin <c>[rows, r/2]</c>, r at most the width of a head.</summary>
    public static void Rotary(Rows x, int heads, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        Check(x.Width % heads == 0 && cos.Length == sin.Length && cos.Length % x.Count == 0 && 2L * cos.Length * heads <= (long)x.Count * x.Width, "rotary");
        Kernels.Rotary.Run(x, heads, cos, sin);
    }

    /// <summary>y = silu(gate) · up; y may be one of the two.</summary>
    public static void SwiGlu(Rows gate, Rows up, Rows y)
    {
        Check(Same(gate, up) && Same(gate, y), "swiglu");
        Kernels.SwiGlu.Run(gate, up, y);
    }

    /// <summary>y += x.</summary>
    public static void Add(Rows x, Rows y)
    {
        Check(Same(x, y), "add");
        var n = (long)x.Count * x.Width;
        if (x.Type == float32) Add<F32>(x.Pointer, y.Pointer, n);
        else Add<BF16>(x.Pointer, y.Pointer, n);
    }

    /// <summary>y[i, :] *= scale, fp32 <c>[width]</c>.</summary>
    public static void Scale(Rows y, Tensor scale)
    {
        Check(scale.dtype == float32 && scale.numel() == y.Width && scale.is_contiguous(), "scale");
        var factors = (float*)scale.Pointer();
        for (var row = 0; row < y.Count; row++)
        {
            if (y.Type == float32) RowScale.Row<F32>(y.Pointer, y.Pointer, (long)row * y.Width, factors, y.Width);
            else RowScale.Row<BF16>(y.Pointer, y.Pointer, (long)row * y.Width, factors, y.Width);
        }
    }

    /// <summary>y += factor · B A x: A <c>[r, width of x]</c> and B <c>[width of y, r]</c> in fp32.</summary>
    public static void LowRank(Rows x, Tensor a, Tensor b, double factor, Rows y) => Bottleneck(x, a, b, factor, y, MiddleFunction.None);

    /// <summary>y += factor · B f(A x), likewise; y may be x itself.</summary>
    public static void Bottleneck(Rows x, Tensor a, Tensor b, double factor, Rows y, MiddleFunction function)
    {
        Check(x.Count == y.Count && x.Type == y.Type && a.dtype == float32 && b.dtype == float32 && a.is_contiguous() && b.is_contiguous()
            && a.size(1) == x.Width && b.size(0) == y.Width && a.size(0) == b.size(1), function == MiddleFunction.None ? "low_rank" : "bottleneck");
        using var _ = KernelProfile.IsOn ? KernelProfile.Of("low-rank update", 2.0 * x.Count * a.size(0) * (x.Width + y.Width), 4.0 * (a.numel() + b.numel())) : default;
        LowRankRows.Run(x, a, b, (float)factor, y, function);
    }

    /// <summary>
    /// Attention of single queries, each over its own cache or the last <paramref name="window"/> tokens of it: softmax(q kᵀ / sqrt(d)) v;
    /// y <c>[rows, heads · d]</c> as q.
    /// </summary>
    public static void Attention(Rows q, int heads, ReadOnlySpan<CachedKeyValues> caches, Rows y, int window = 0)
    {
        Check(Same(q, y) && caches.Length == q.Count && q.Width % heads == 0, "attention");
        var d = q.Width / heads;
        var segments = stackalloc AttentionCall.Segment[caches.Length];
        var kvHeads = 0;
        for (var i = 0; i < caches.Length; i++)
        {
            var (keys, values, length) = caches[i];
            kvHeads = (int)keys.size(1);
            Check(length > 0 && length <= keys.size(0) && length <= values.size(0) && keys.size(2) == d && heads % kvHeads == 0 && keys.dtype == q.Type && values.dtype == q.Type, "attention");
            long row = (long)kvHeads * d;
            segments[i] = new AttentionCall.Segment
            {
                K = (byte*)keys.Pointer(), V = (byte*)values.Pointer(), KRow = row, KHead = d, VRow = row, VHead = d, Start = i, Queries = 1, Keys = length,
            };
        }
        var context = new AttentionCall.Context
        {
            Segments = segments, Q = q.Pointer, Y = y.Pointer, QRow = q.Width, QHead = d, YRow = q.Width, Tokens = q.Count, Heads = heads, KvHeads = kvHeads, D = d,
            Scale = (float)(1 / Math.Sqrt(d)), Window = window,
        };
        using var _ = KernelProfile.IsOn ? AttentionCall.Measured("attention", context, caches.Length, q.Type.Size(), products: 2) : default;
        Threads.For(caches.Length * kvHeads, q.Type == float32 ? &AttentionForward.Part<F32> : &AttentionForward.Part<BF16>, &context);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<T>(byte* x, byte* y, long n) where T : IElement
    {
        var i = 0L;
        for (; i + Simd.Lanes <= n; i += Simd.Lanes) T.Store(y, i, T.Load(x, i) + T.Load(y, i));
        for (; i < n; i++) T.Set(y, i, T.Get(x, i) + T.Get(y, i));
    }

    private static bool Same(Rows a, Rows b) => a.Count == b.Count && a.Width == b.Width && a.Type == b.Type;

    private static void Check(bool fits, string function)
    {
        if (!fits) throw new ArgumentException($"{function}: the rows, weights or caches do not fit each other");
    }
}
