using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>y = x Wᵀ + b for a few rows of x: reads every weight once at the speed of memory, which libtorch's linear does not.</summary>
internal static unsafe class MatVec
{
    internal const int MostRows = 4;

    private const int RowsPerPart = 64;

    private struct Context
    {
        internal byte* W, Bias, Y;
        internal float* X;
        internal long M, N, K;
    }

    internal static bool Suits(Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.dim() != 2 || x.dim() == 0 || x.numel() == 0 || x.numel() > MostRows * weight.size(1) || x.size(-1) != weight.size(1)) return false;
        return Simd.Suits(x, weight, bias) && weight.is_contiguous() && (bias is null || bias.is_contiguous()) && !Autograd.Records(x, weight, bias);
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor weight, Tensor? bias)
    {
        var y = nn.functional.linear(x.to(float32), weight.to(float32));
        return (bias is null ? y : y + bias).to(x.dtype);
    }

    internal static Tensor Run(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var shape = x.shape;
        shape[^1] = weight.size(0);
        var y = empty(shape, x.dtype);
        var from = x.to(float32).contiguous();
        var context = new Context
        {
            W = (byte*)weight.Pointer(), Bias = bias is null ? null : (byte*)bias.Pointer(), Y = (byte*)y.Pointer(), X = (float*)from.Pointer(),
            M = x.numel() / weight.size(1), N = weight.size(0), K = weight.size(1),
        };
        Threads.For(Threads.Parts(context.N, RowsPerPart), weight.dtype == float32 ? &Part<F32> : &Part<BF16>, &context);
        return y.MoveToOuterDisposeScope();
    }

    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long n = (long)part * RowsPerPart, end = Math.Min(c.N, n + RowsPerPart);
        for (; n + 4 <= end; n += 4)
            for (var m = 0L; m < c.M; m++) Four<T>(ref c, n, m);
        for (; n < end; n++)
            for (var m = 0L; m < c.M; m++) One<T>(ref c, n, m);
    }

    // Four weight rows at a time; for further rows of x they come from the nearest cache.
    private static void Four<T>(ref Context c, long n, long m) where T : IElement
    {
        var x = c.X + m * c.K;
        long w0 = n * c.K, w1 = w0 + c.K, w2 = w1 + c.K, w3 = w2 + c.K, k = 0;
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        for (; k + 32 <= c.K; k += 32)
        {
            Vector512<float> u = Vector512.Load(x + k), v = Vector512.Load(x + k + 16);
            a0 = Vector512.FusedMultiplyAdd(T.Load(c.W, w0 + k), u, a0);
            b0 = Vector512.FusedMultiplyAdd(T.Load(c.W, w0 + k + 16), v, b0);
            a1 = Vector512.FusedMultiplyAdd(T.Load(c.W, w1 + k), u, a1);
            b1 = Vector512.FusedMultiplyAdd(T.Load(c.W, w1 + k + 16), v, b1);
            a2 = Vector512.FusedMultiplyAdd(T.Load(c.W, w2 + k), u, a2);
            b2 = Vector512.FusedMultiplyAdd(T.Load(c.W, w2 + k + 16), v, b2);
            a3 = Vector512.FusedMultiplyAdd(T.Load(c.W, w3 + k), u, a3);
            b3 = Vector512.FusedMultiplyAdd(T.Load(c.W, w3 + k + 16), v, b3);
        }
        // All four before anything else: a call would push the accumulators out of their registers, in the loop above too.
        float s0 = Vector512.Sum(a0 + b0), s1 = Vector512.Sum(a1 + b1), s2 = Vector512.Sum(a2 + b2), s3 = Vector512.Sum(a3 + b3);
        Finish<T>(ref c, m, n, s0, k);
        Finish<T>(ref c, m, n + 1, s1, k);
        Finish<T>(ref c, m, n + 2, s2, k);
        Finish<T>(ref c, m, n + 3, s3, k);
    }

    private static void One<T>(ref Context c, long n, long m) where T : IElement
    {
        var x = c.X + m * c.K;
        long w = n * c.K, k = 0;
        Vector512<float> a = default, b = default;
        for (; k + 32 <= c.K; k += 32)
        {
            a = Vector512.FusedMultiplyAdd(T.Load(c.W, w + k), Vector512.Load(x + k), a);
            b = Vector512.FusedMultiplyAdd(T.Load(c.W, w + k + 16), Vector512.Load(x + k + 16), b);
        }
        var sum = Vector512.Sum(a + b);
        Finish<T>(ref c, m, n, sum, k);
    }

    // What is left of the row, the bias, and the store.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Finish<T>(ref Context c, long m, long n, float sum, long k) where T : IElement
    {
        for (; k < c.K; k++) sum += T.Get(c.W, n * c.K + k) * c.X[m * c.K + k];
        if (c.Bias != null) sum += T.Get(c.Bias, n);
        T.Set(c.Y, m * c.N + n, sum);
    }
}
