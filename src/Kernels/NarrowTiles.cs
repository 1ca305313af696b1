using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels;

/// <summary>
/// The inner loops of products with a few rows where registers hold eight numbers and there are sixteen of them (AVX2): eight sums at most, each in one register and
/// added up in one order, so that a sum is the same in every loop. Elements are taken 32 at a time; what is left of a row is the caller's.
/// </summary>
internal static unsafe class NarrowTiles
{
    /// <summary>One row of x times one of the weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float Single<T>(byte* w, long at, long k, float* x) where T : IWeight
    {
        Vector256<float> a = default;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            a = Vector256.FusedMultiplyAdd(T.Quarter(w, at + i, 0), Vector256.Load(x + i), a);
            a = Vector256.FusedMultiplyAdd(T.Quarter(w, at + i, 1), Vector256.Load(x + i + 8), a);
            a = Vector256.FusedMultiplyAdd(T.Quarter(w, at + i, 2), Vector256.Load(x + i + 16), a);
            a = Vector256.FusedMultiplyAdd(T.Quarter(w, at + i, 3), Vector256.Load(x + i + 24), a);
        }
        return Simd.Sums(a, a, a, a)[0];
    }

    /// <summary>
    /// One row of x times four of the weight, side by side; in fp32 one after the other: a row takes memory longer to give than the processor to add up, and memory gives one stream sooner than four.
    /// </summary>
    /// <param name="w">The weight.</param>
    /// <param name="w0">The first of the four rows, in elements.</param>
    /// <param name="k">Elements of a row.</param>
    /// <param name="x">The row of x.</param>
    /// <param name="ahead">How many bytes ahead the weight is fetched, a whole number of four rows; 0: the first cache holds it.</param>
    /// <param name="sums">Receives the four sums.</param>
    internal static void OneRow<T>(byte* w, long w0, long k, float* x, long ahead, float* sums) where T : IWeight
    {
        if (typeof(T) == typeof(F32) && ahead > 0) OneRowInOrder((float*)w + w0, k, x, sums);
        else SideBySide<T>(w, w0, k, x, ahead, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SideBySide<T>(byte* w, long w0, long k, float* x, long ahead, float* sums) where T : IWeight
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        long w1 = w0 + k, w2 = w1 + k, w3 = w2 + k;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            if (ahead > 0) RowTiles.Fetch<T>(w + ahead, w0, i, 4);
            var v = Vector256.Load(x + i);
            a0 = Vector256.FusedMultiplyAdd(T.Quarter(w, w0 + i, 0), v, a0);
            a1 = Vector256.FusedMultiplyAdd(T.Quarter(w, w1 + i, 0), v, a1);
            a2 = Vector256.FusedMultiplyAdd(T.Quarter(w, w2 + i, 0), v, a2);
            a3 = Vector256.FusedMultiplyAdd(T.Quarter(w, w3 + i, 0), v, a3);
            v = Vector256.Load(x + i + 8);
            a0 = Vector256.FusedMultiplyAdd(T.Quarter(w, w0 + i, 1), v, a0);
            a1 = Vector256.FusedMultiplyAdd(T.Quarter(w, w1 + i, 1), v, a1);
            a2 = Vector256.FusedMultiplyAdd(T.Quarter(w, w2 + i, 1), v, a2);
            a3 = Vector256.FusedMultiplyAdd(T.Quarter(w, w3 + i, 1), v, a3);
            v = Vector256.Load(x + i + 16);
            a0 = Vector256.FusedMultiplyAdd(T.Quarter(w, w0 + i, 2), v, a0);
            a1 = Vector256.FusedMultiplyAdd(T.Quarter(w, w1 + i, 2), v, a1);
            a2 = Vector256.FusedMultiplyAdd(T.Quarter(w, w2 + i, 2), v, a2);
            a3 = Vector256.FusedMultiplyAdd(T.Quarter(w, w3 + i, 2), v, a3);
            v = Vector256.Load(x + i + 24);
            a0 = Vector256.FusedMultiplyAdd(T.Quarter(w, w0 + i, 3), v, a0);
            a1 = Vector256.FusedMultiplyAdd(T.Quarter(w, w1 + i, 3), v, a1);
            a2 = Vector256.FusedMultiplyAdd(T.Quarter(w, w2 + i, 3), v, a2);
            a3 = Vector256.FusedMultiplyAdd(T.Quarter(w, w3 + i, 3), v, a3);
        }
        Simd.Sums(a0, a1, a2, a3).Store(sums);
    }

    private static void OneRowInOrder(float* w, long k, float* x, float* sums)
        => Simd.Sums(InOrder(w, k, x), InOrder(w + k, k, x), InOrder(w + 2 * k, k, x), InOrder(w + 3 * k, k, x)).Store(sums);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector256<float> InOrder(float* w, long k, float* x)
    {
        const int Ahead = 256;   // elements; measured with AVX2 in rows of 512, beside 2 KiB: 1 KiB 1.09, 4 KiB 0.83, 8 KiB 0.94 times as fast
        Vector256<float> a = default;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(w + i + Ahead);
                Sse.Prefetch0(w + i + Ahead + 16);
            }
            a = Vector256.FusedMultiplyAdd(Vector256.Load(w + i), Vector256.Load(x + i), a);
            a = Vector256.FusedMultiplyAdd(Vector256.Load(w + i + 8), Vector256.Load(x + i + 8), a);
            a = Vector256.FusedMultiplyAdd(Vector256.Load(w + i + 16), Vector256.Load(x + i + 16), a);
            a = Vector256.FusedMultiplyAdd(Vector256.Load(w + i + 24), Vector256.Load(x + i + 24), a);
        }
        return a;
    }

    /// <summary>Four rows of x, <paramref name="apart"/> elements from one to the next, times four of the weight; the sums of each row of x lie together.</summary>
    internal static void FourRows<T>(byte* w, long w0, long k, float* x, long apart, long ahead, float* sums) where T : IWeight
    {
        FourByTwo<T>(w, w0, k, x, apart, ahead, sums);
        FourByTwo<T>(w, w0 + 2 * k, k, x, apart, ahead, sums + 2);
    }

    // Two rows of the weight: with four, sums would leave the registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByTwo<T>(byte* w, long w0, long k, float* x, long apart, long ahead, float* sums) where T : IWeight
    {
        Vector256<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        var w1 = w0 + k;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            // Narrow registers take four rows in fp32 no faster than memory gives them by itself.
            if (ahead > 0 && typeof(T) != typeof(F32)) RowTiles.Fetch<T>(w + ahead, w0, i, 2);
            Quarter<T>(w, w0 + i, w1 + i, x + i, apart, 0, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            Quarter<T>(w, w0 + i, w1 + i, x + i, apart, 1, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            Quarter<T>(w, w0 + i, w1 + i, x + i, apart, 2, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            Quarter<T>(w, w0 + i, w1 + i, x + i, apart, 3, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
        }
        Vector128<float> ab = Simd.Sums(a0, a1, b0, b1), cd = Simd.Sums(c0, c1, d0, d1);
        *(ulong*)sums = ab.AsUInt64()[0];
        *(ulong*)(sums + 4) = ab.AsUInt64()[1];
        *(ulong*)(sums + 8) = cd.AsUInt64()[0];
        *(ulong*)(sums + 12) = cd.AsUInt64()[1];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter<T>(
        byte* w, long w0, long w1, float* x, long apart, [ConstantExpected(Min = 0, Max = 3)] int quarter, ref Vector256<float> a0, ref Vector256<float> a1, ref Vector256<float> b0, ref Vector256<float> b1,
        ref Vector256<float> c0, ref Vector256<float> c1, ref Vector256<float> d0, ref Vector256<float> d1) where T : IWeight
    {
        Vector256<float> u0 = T.Quarter(w, w0, quarter), u1 = T.Quarter(w, w1, quarter), v = Vector256.Load(x + 8 * quarter);
        (a0, a1) = (Vector256.FusedMultiplyAdd(u0, v, a0), Vector256.FusedMultiplyAdd(u1, v, a1));
        v = Vector256.Load(x + apart + 8 * quarter);
        (b0, b1) = (Vector256.FusedMultiplyAdd(u0, v, b0), Vector256.FusedMultiplyAdd(u1, v, b1));
        v = Vector256.Load(x + 2 * apart + 8 * quarter);
        (c0, c1) = (Vector256.FusedMultiplyAdd(u0, v, c0), Vector256.FusedMultiplyAdd(u1, v, c1));
        v = Vector256.Load(x + 3 * apart + 8 * quarter);
        (d0, d1) = (Vector256.FusedMultiplyAdd(u0, v, d0), Vector256.FusedMultiplyAdd(u1, v, d1));
    }
}
