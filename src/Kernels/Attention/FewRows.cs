using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>The two products of attention for a single query: its scores against rows of keys, and the rows of values mixed by weights.</summary>
internal static unsafe class FewRows
{
    /// <summary>scores[j] = q · keys[j, :] for j from low up to high; q is fp32, padded with zeros to a multiple of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Scores<T>(byte* keys, long row, int low, int high, float* q, int d, float* scores) where T : IElement
    {
        var whole = d / 16 * 16;
        var j = low;
        if (whole == d) j = Fours<T>(keys, row, low, high, q, d, scores);
        for (; j < high; j++) scores[j] = One<T>(keys, j * row, q, whole) + Tail<T>(keys, j * row, q, whole, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Fours<T>(byte* keys, long row, int low, int high, float* q, int d, float* scores) where T : IElement
    {
        var j = low;
        for (; j + 4 <= high; j += 4)
        {
            long k0 = j * row, k1 = k0 + row, k2 = k1 + row, k3 = k2 + row;
            Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (var x = 0; x < d; x += 16)
            {
                var v = Vector512.Load(q + x);
                s0 = Vector512.FusedMultiplyAdd(T.Load(keys, k0 + x), v, s0);
                s1 = Vector512.FusedMultiplyAdd(T.Load(keys, k1 + x), v, s1);
                s2 = Vector512.FusedMultiplyAdd(T.Load(keys, k2 + x), v, s2);
                s3 = Vector512.FusedMultiplyAdd(T.Load(keys, k3 + x), v, s3);
            }
            Simd.Sums(s0, s1, s2, s3).Store(scores + j);
        }
        return j;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float One<T>(byte* keys, long at, float* q, int whole) where T : IElement
    {
        Vector512<float> sum = default;
        for (var x = 0; x < whole; x += 16) sum = Vector512.FusedMultiplyAdd(T.Load(keys, at + x), Vector512.Load(q + x), sum);
        var folded = Simd.Fold(sum);
        return Vector128.Sum(folded);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Tail<T>(byte* keys, long at, float* q, int whole, int d) where T : IElement
    {
        float sum = 0;
        for (var x = whole; x < d; x++) sum += T.Get(keys, at + x) * q[x];
        return sum;
    }

    /// <summary>y = Σ weights[j] · values[j, :] for j from low up to high.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Mix<T>(byte* values, long row, int low, int high, float* weights, int d, float* y) where T : IElement
    {
        var x = 0;
        for (; x + 64 <= d; x += 64) Mix64<T>(values, row, low, high, weights, x, y);
        for (; x + 16 <= d; x += 16) Mix16<T>(values, row, low, high, weights, x, y);
        for (; x < d; x++)
        {
            float sum = 0;
            for (var j = low; j < high; j++) sum += weights[j] * T.Get(values, j * row + x);
            y[x] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix64<T>(byte* values, long row, int low, int high, float* weights, int x, float* y) where T : IElement
    {
        Vector512<float> y0 = default, y1 = default, y2 = default, y3 = default;
        for (var j = low; j < high; j++)
        {
            var w = Vector512.Create(weights[j]);
            var at = j * row + x;
            y0 = Vector512.FusedMultiplyAdd(w, T.Load(values, at), y0);
            y1 = Vector512.FusedMultiplyAdd(w, T.Load(values, at + 16), y1);
            y2 = Vector512.FusedMultiplyAdd(w, T.Load(values, at + 32), y2);
            y3 = Vector512.FusedMultiplyAdd(w, T.Load(values, at + 48), y3);
        }
        y0.Store(y + x);
        y1.Store(y + x + 16);
        y2.Store(y + x + 32);
        y3.Store(y + x + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix16<T>(byte* values, long row, int low, int high, float* weights, int x, float* y) where T : IElement
    {
        Vector512<float> sum = default;
        for (var j = low; j < high; j++) sum = Vector512.FusedMultiplyAdd(Vector512.Create(weights[j]), T.Load(values, j * row + x), sum);
        sum.Store(y + x);
    }
}
