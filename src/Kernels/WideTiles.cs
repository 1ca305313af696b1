using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels;

/// <summary>
/// The inner loops of products with a few rows where registers hold sixteen numbers and there are 32 of them (AVX-512): as <see cref="NarrowTiles"/>, each sum in one
/// register and added up in one order, so that a sum is the same in every loop.
/// </summary>
internal static unsafe class WideTiles
{
    /// <inheritdoc cref="NarrowTiles.Single"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float Single<T>(byte* w, long at, long k, float* x) where T : IWeight
    {
        var a = InOrder<T>(w, at, k, x);
        return Simd.Sums(a, a, a, a)[0];
    }

    /// <summary>
    /// One row of x times four of the weight. One row of the weight after the other where memory takes longer to give it than the processor to add it up: one stream comes sooner than four, and
    /// sooner than what is asked for beforehand. Bytes become numbers too slowly for that: four rows side by side, fetched in the order in which they lie. Measured on Zen 4 (rows of 768 and
    /// 2,048, one thread, where reading alone takes 20 GB/s; side by side and each row fetched by itself, as it was; in order; side by side and fetched in order): bf16 11 and 14, 19 and 21, 15 and 16;
    /// fp32 14 and 20, 20 and 20, 16 and 17; int8 9 and 11, 13 and 18, 20 and 19.
    /// </summary>
    /// <inheritdoc cref="NarrowTiles.OneRow"/>
    internal static void OneRow<T>(byte* w, long w0, long k, float* x, long ahead, float* sums) where T : IWeight
    {
        if (T.Bytes == 1) SideBySide<T>(w, w0, k, x, ahead, sums);
        else Simd.Sums(InOrder<T>(w, w0, k, x), InOrder<T>(w, w0 + k, k, x), InOrder<T>(w, w0 + 2 * k, k, x), InOrder<T>(w, w0 + 3 * k, k, x)).Store(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<float> InOrder<T>(byte* w, long at, long k, float* x) where T : IWeight
    {
        Vector512<float> a = default;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            a = Vector512.FusedMultiplyAdd(T.First(w, at + i), Vector512.Load(x + i), a);
            a = Vector512.FusedMultiplyAdd(T.Second(w, at + i), Vector512.Load(x + i + 16), a);
        }
        return a;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SideBySide<T>(byte* w, long w0, long k, float* x, long ahead, float* sums) where T : IWeight
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
        long w1 = w0 + k, w2 = w1 + k, w3 = w2 + k;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            if (ahead > 0) RowTiles.Fetch<T>(w + ahead, w0, i, RowTiles.Tile);
            Add(T.First(w, w0 + i), T.First(w, w1 + i), T.First(w, w2 + i), T.First(w, w3 + i), Vector512.Load(x + i), ref a0, ref a1, ref a2, ref a3);
            Add(T.Second(w, w0 + i), T.Second(w, w1 + i), T.Second(w, w2 + i), T.Second(w, w3 + i), Vector512.Load(x + i + 16), ref a0, ref a1, ref a2, ref a3);
        }
        Simd.Sums(a0, a1, a2, a3).Store(sums);
    }

    /// <inheritdoc cref="NarrowTiles.FourRows"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void FourRows<T>(byte* w, long w0, long k, float* x, long apart, long ahead, float* sums) where T : IWeight
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        long w1 = w0 + k, w2 = w1 + k, w3 = w2 + k;
        float* xb = x + apart, xc = xb + apart, xd = xc + apart;
        for (var i = 0L; i + RowTiles.Step <= k; i += RowTiles.Step)
        {
            if (ahead > 0) RowTiles.Fetch<T>(w + ahead, w0, i, RowTiles.Tile);
            Vector512<float> u0 = T.First(w, w0 + i), u1 = T.First(w, w1 + i), u2 = T.First(w, w2 + i), u3 = T.First(w, w3 + i);
            Add(u0, u1, u2, u3, Vector512.Load(x + i), ref a0, ref a1, ref a2, ref a3);
            Add(u0, u1, u2, u3, Vector512.Load(xb + i), ref b0, ref b1, ref b2, ref b3);
            Add(u0, u1, u2, u3, Vector512.Load(xc + i), ref c0, ref c1, ref c2, ref c3);
            Add(u0, u1, u2, u3, Vector512.Load(xd + i), ref d0, ref d1, ref d2, ref d3);
            (u0, u1, u2, u3) = (T.Second(w, w0 + i), T.Second(w, w1 + i), T.Second(w, w2 + i), T.Second(w, w3 + i));
            Add(u0, u1, u2, u3, Vector512.Load(x + i + 16), ref a0, ref a1, ref a2, ref a3);
            Add(u0, u1, u2, u3, Vector512.Load(xb + i + 16), ref b0, ref b1, ref b2, ref b3);
            Add(u0, u1, u2, u3, Vector512.Load(xc + i + 16), ref c0, ref c1, ref c2, ref c3);
            Add(u0, u1, u2, u3, Vector512.Load(xd + i + 16), ref d0, ref d1, ref d2, ref d3);
        }
        Simd.Sums(a0, a1, a2, a3).Store(sums);
        Simd.Sums(b0, b1, b2, b3).Store(sums + 4);
        Simd.Sums(c0, c1, c2, c3).Store(sums + 8);
        Simd.Sums(d0, d1, d2, d3).Store(sums + 12);
    }

    // Four rows of the weight times one of x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        Vector512<float> u0, Vector512<float> u1, Vector512<float> u2, Vector512<float> u3, Vector512<float> v,
        ref Vector512<float> a0, ref Vector512<float> a1, ref Vector512<float> a2, ref Vector512<float> a3)
    {
        a0 = Vector512.FusedMultiplyAdd(u0, v, a0);
        a1 = Vector512.FusedMultiplyAdd(u1, v, a1);
        a2 = Vector512.FusedMultiplyAdd(u2, v, a2);
        a3 = Vector512.FusedMultiplyAdd(u3, v, a3);
    }
}
