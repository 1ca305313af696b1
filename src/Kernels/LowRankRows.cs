using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels;

/// <summary>
/// y += s · B f(A x) for a few rows, A and B in fp32 as they are trained: an adapter's two small products, with a function between them or none, without a copy in another type.
/// </summary>
internal static unsafe class LowRankRows
{
    private const int Lanes = 8;   // ranks are small: eight is the usual one

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor a, Tensor b, double factor, Tensor y)
        => (y.to(float32) + x.to(float32).mm(a.t()).mm(b.t()) * factor).to(y.dtype);

    internal static void Run(Rows x, Tensor a, Tensor b, float factor, Rows y, MiddleFunction function = MiddleFunction.None)
    {
        if (x.Type == float32) Run<F32>(x, (float*)a.Pointer(), (float*)b.Pointer(), (int)a.size(0), factor, y, function);
        else Run<BF16>(x, (float*)a.Pointer(), (float*)b.Pointer(), (int)a.size(0), factor, y, function);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T>(Rows x, float* a, float* b, int rank, float factor, Rows y, MiddleFunction function) where T : IElement
    {
        var scratch = new Scratch(2 * rank, 2);
        float* down = scratch.Take(rank), inner = scratch.Take(rank);
        for (var row = 0; row < x.Count; row++)
        {
            for (var r = 0; r < rank; r++) down[r] = Dot<T>(x.Pointer, (long)row * x.Width, a + (long)r * x.Width, x.Width);
            MiddleFunctions.Apply(function, inner, down, rank);
            for (var r = 0; r < rank; r++) down[r] *= factor;
            Up<T>(y.Pointer, (long)row * y.Width, y.Width, b, down, rank);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<T>(byte* x, long at, float* a, int n) where T : IElement
    {
        Vector512<float> even = default, odd = default;
        var i = 0;
        for (; i + 32 <= n; i += 32)
        {
            even = Vector512.FusedMultiplyAdd(T.Load(x, at + i), Vector512.Load(a + i), even);
            odd = Vector512.FusedMultiplyAdd(T.Load(x, at + i + 16), Vector512.Load(a + i + 16), odd);
        }
        var sum = Vector512.Sum(even + odd);
        for (; i < n; i++) sum += T.Get(x, at + i) * a[i];
        return sum;
    }

    // y[n] += B[n, :] · down.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Up<T>(byte* y, long at, int n, float* b, float* down, int rank) where T : IElement
    {
        var whole = rank / Lanes * Lanes;
        for (var i = 0; i < n; i++, b += rank)
        {
            Vector256<float> sums = default;
            for (var r = 0; r < whole; r += Lanes) sums = Vector256.FusedMultiplyAdd(Vector256.Load(b + r), Vector256.Load(down + r), sums);
            var sum = Vector256.Sum(sums);
            for (var r = whole; r < rank; r++) sum += b[r] * down[r];
            T.Set(y, at + i, T.Get(y, at + i) + sum);
        }
    }
}
