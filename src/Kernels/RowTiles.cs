using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels;

/// <summary>Four rows of a weight times rows of x, by the loops for the registers that there are.</summary>
internal static unsafe class RowTiles
{
    /// <summary>Rows of the weight, and rows of x, that are worked on together: sixteen sums fit wide registers, and narrow ones in two goes.</summary>
    internal const int Tile = 4;

    /// <summary>Elements that are taken at a time.</summary>
    internal const int Step = 32;

    /// <summary>How many bytes ahead a weight is fetched of which so many bytes are worked on together: at least so many as memory takes as long to give as they take to be worked on, and whole tiles.</summary>
    internal static long Ahead(long least, long tile) => (least + tile - 1) / tile * tile;

    /// <summary>Four rows of the weight times all of x: four sums for each row of x.</summary>
    /// <param name="w">The weight.</param>
    /// <param name="w0">The first of the four rows, in elements.</param>
    /// <param name="k">Elements of a row.</param>
    /// <param name="x">The rows of x.</param>
    /// <param name="m">How many they are.</param>
    /// <param name="apart">Elements from one to the next.</param>
    /// <param name="ahead">How many bytes ahead the weight is fetched, a whole number of four rows; 0: the first cache holds it.</param>
    /// <param name="sums">Receives the sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Times<T>(byte* w, long w0, long k, float* x, long m, long apart, long ahead, float* sums) where T : IWeight
    {
        for (; m >= Tile; m -= Tile, x += Tile * apart, sums += Tile * Tile)
        {
            if (Simd.IsWide) WideTiles.FourRows<T>(w, w0, k, x, apart, ahead, sums);
            else NarrowTiles.FourRows<T>(w, w0, k, x, apart, ahead, sums);
        }
        for (; m > 0; m--, x += apart, sums += Tile)
        {
            if (Simd.IsWide) WideTiles.OneRow<T>(w, w0, k, x, ahead, sums);
            else NarrowTiles.OneRow<T>(w, w0, k, x, ahead, sums);
        }
    }

    /// <summary>One row of x times one of the weight, the same sum.</summary>
    internal static float Single<T>(byte* w, long at, long k, float* x) where T : IWeight => Simd.IsWide ? WideTiles.Single<T>(w, at, k, x) : NarrowTiles.Single<T>(w, at, k, x);

    /// <summary>Fetches what lies where so many of the next rows do.</summary>
    // They lie behind these, and are fetched from one end to the other: memory gives what lies together sooner than so many rows side by side. Measured by
    // itself with AVX2 (bf16, one row of x, medians of 25 in turns, two threads, not idle): rows of 512 15.1 and 20.6 GB/s, of 768 16.8 and 19.8, of 2,048 18.3 and 16.9.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Fetch<T>(byte* w, long w0, long i, [ConstantExpected] int rows) where T : IWeight
    {
        if (!Sse.IsSupported) return;
        var line = w + (w0 + i * rows) * T.Bytes;
        Sse.Prefetch0(line);
        if (rows * T.Bytes > 2) Sse.Prefetch0(line + 64);
        if (rows * T.Bytes <= 4) return;
        Sse.Prefetch0(line + 128);
        Sse.Prefetch0(line + 192);
        if (rows * T.Bytes <= 8) return;
        Sse.Prefetch0(line + 256);
        Sse.Prefetch0(line + 320);
        Sse.Prefetch0(line + 384);
        Sse.Prefetch0(line + 448);
    }
}
