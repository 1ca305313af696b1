using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels.Attention;

/// <summary>The two products of attention for a single query: its scores against rows of keys, and the rows of values mixed by weights.</summary>
internal static unsafe class FewRows
{
    // Rows of a cache lie so far apart that the processor fetches few of them by itself: so many rows ahead they are asked for.
    private const int RowsAhead = 16;

    private const int Line = 64;

    /// <summary>scores[j] = q · keys[j, :] for j from low up to high; q is fp32, padded with zeros to a multiple of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Scores<T>(byte* keys, long row, int low, int high, float* q, int d, float* scores) where T : IElement
    {
        var whole = d / 16 * 16;
        var j = low;
        if (whole == d) j = Simd.IsWide ? Fours<T>(keys, row, low, high, q, d, scores) : NarrowFours<T>(keys, row, low, high, q, d, scores);
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

    // The same where registers hold eight numbers: sums of sixteen would leave them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int NarrowFours<T>(byte* keys, long row, int low, int high, float* q, int d, float* scores) where T : IElement
    {
        var j = low;
        for (; j + 4 <= high; j += 4)
        {
            long k0 = j * row, k1 = k0 + row, k2 = k1 + row, k3 = k2 + row;
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (var x = 0; x < d; x += 8)
            {
                if (x * T.Bytes % Line == 0) Fetch<T>(keys, k0 + RowsAhead * row + x, row, 4);
                var v = Vector256.Load(q + x);
                s0 = Vector256.FusedMultiplyAdd(T.LoadEight(keys, k0 + x), v, s0);
                s1 = Vector256.FusedMultiplyAdd(T.LoadEight(keys, k1 + x), v, s1);
                s2 = Vector256.FusedMultiplyAdd(T.LoadEight(keys, k2 + x), v, s2);
                s3 = Vector256.FusedMultiplyAdd(T.LoadEight(keys, k3 + x), v, s3);
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
        for (; x + 64 <= d; x += 64)
        {
            if (Simd.IsWide) Mix64<T>(values, row, low, high, weights, x, y);
            else NarrowMix64<T>(values, row, low, high, weights, x, y);
        }
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
    private static void NarrowMix64<T>(byte* values, long row, int low, int high, float* weights, int x, float* y) where T : IElement
    {
        Vector256<float> y0 = default, y1 = default, y2 = default, y3 = default, y4 = default, y5 = default, y6 = default, y7 = default;
        for (var j = low; j < high; j++)
        {
            var w = Vector256.Create(weights[j]);
            var at = j * row + x;
            for (var i = 0; i < 64; i += Line / T.Bytes) Fetch<T>(values, at + RowsAhead * row + i, row, 1);
            y0 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at), y0);
            y1 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 8), y1);
            y2 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 16), y2);
            y3 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 24), y3);
            y4 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 32), y4);
            y5 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 40), y5);
            y6 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 48), y6);
            y7 = Vector256.FusedMultiplyAdd(w, T.LoadEight(values, at + 56), y7);
        }
        y0.Store(y + x);
        y1.Store(y + x + 8);
        y2.Store(y + x + 16);
        y3.Store(y + x + 24);
        y4.Store(y + x + 32);
        y5.Store(y + x + 40);
        y6.Store(y + x + 48);
        y7.Store(y + x + 56);
    }

    // A line of each of some rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<T>(byte* p, long at, long row, [ConstantExpected] int rows) where T : IElement
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(p + at * T.Bytes);
        if (rows == 1) return;
        Sse.Prefetch0(p + (at + row) * T.Bytes);
        Sse.Prefetch0(p + (at + 2 * row) * T.Bytes);
        Sse.Prefetch0(p + (at + 3 * row) * T.Bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix16<T>(byte* values, long row, int low, int high, float* weights, int x, float* y) where T : IElement
    {
        Vector512<float> sum = default;
        for (var j = low; j < high; j++) sum = Vector512.FusedMultiplyAdd(Vector512.Create(weights[j]), T.Load(values, j * row + x), sum);
        sum.Store(y + x);
    }
}
