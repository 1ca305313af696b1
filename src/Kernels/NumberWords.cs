using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels;

/// <summary>Two numbers in bf16, or four bytes, as a word: the right side of <see cref="BlockProduct"/> has so many rows side by side.</summary>
internal static unsafe class NumberWords
{
    /// <summary>Words <c>[rows, columns]</c> to <c>[columns, rows]</c>, sixteen by sixteen where there are as many.</summary>
    /// <param name="from">The first of the words.</param>
    /// <param name="fromRow">From a row to the next.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">How many.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="toRow">From a row there to the next.</param>
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Turn(uint* from, long fromRow, int rows, int columns, uint* to, long toRow)
    {
        var fours = stackalloc Vector512<uint>[16];
        for (var r = 0; r < rows; r += 16)
            for (var c = 0; c < columns; c += 16)
            {
                uint* corner = from + r * fromRow + c, turned = to + c * toRow + r;
                if (Avx512F.IsSupported && r + 16 <= rows && c + 16 <= columns) TurnSixteen(corner, fromRow, turned, toRow, fours);
                else TurnSome(corner, fromRow, Math.Min(16, rows - r), Math.Min(16, columns - c), turned, toRow);
            }
    }

    private static void TurnSome(uint* from, long fromRow, int rows, int columns, uint* to, long toRow)
    {
        for (var c = 0; c < columns; c++)
            for (var r = 0; r < rows; r++) to[c * toRow + r] = from[r * fromRow + c];
    }

    // Four rows at a time are turned within each quarter of a register; then quarters change places.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TurnSixteen(uint* from, long fromRow, uint* to, long toRow, Vector512<uint>* fours)
    {
        for (var r = 0; r < 16; r += 4, from += 4 * fromRow)
        {
            Vector512<uint> a = Vector512.Load(from), b = Vector512.Load(from + fromRow), c = Vector512.Load(from + 2 * fromRow), d = Vector512.Load(from + 3 * fromRow);
            Vector512<ulong> low = Avx512F.UnpackLow(a, b).AsUInt64(), high = Avx512F.UnpackHigh(a, b).AsUInt64();
            Vector512<ulong> lowest = Avx512F.UnpackLow(c, d).AsUInt64(), highest = Avx512F.UnpackHigh(c, d).AsUInt64();
            fours[r] = Avx512F.UnpackLow(low, lowest).AsUInt32();
            fours[r + 1] = Avx512F.UnpackHigh(low, lowest).AsUInt32();
            fours[r + 2] = Avx512F.UnpackLow(high, highest).AsUInt32();
            fours[r + 3] = Avx512F.UnpackHigh(high, highest).AsUInt32();
        }
        for (var i = 0; i < 4; i++, to += toRow)
        {
            Vector512<uint> even = Avx512F.Shuffle4x128(fours[i], fours[i + 4], 0x88), odd = Avx512F.Shuffle4x128(fours[i], fours[i + 4], 0xdd);
            Vector512<uint> lastEven = Avx512F.Shuffle4x128(fours[i + 8], fours[i + 12], 0x88), lastOdd = Avx512F.Shuffle4x128(fours[i + 8], fours[i + 12], 0xdd);
            Avx512F.Shuffle4x128(even, lastEven, 0x88).Store(to);
            Avx512F.Shuffle4x128(odd, lastOdd, 0x88).Store(to + 4 * toRow);
            Avx512F.Shuffle4x128(even, lastEven, 0xdd).Store(to + 8 * toRow);
            Avx512F.Shuffle4x128(odd, lastOdd, 0xdd).Store(to + 12 * toRow);
        }
    }

    /// <summary>Two rows in pairs; their length is a multiple of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Interleave(ushort* upper, ushort* lower, int length, uint* to)
    {
        for (var i = 0; i < length; i += 16)
        {
            var ((a0, a1), (b0, b1)) = (Vector256.Widen(Vector256.Load(upper + i)), Vector256.Widen(Vector256.Load(lower + i)));
            (a0 | b0 << 16).Store(to + i);
            (a1 | b1 << 16).Store(to + i + 8);
        }
    }

    /// <summary>Bytes of four rows side by side, column by column, for so many times four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Fours(sbyte* from, long row, long fours, int width, uint* to)
    {
        for (; fours > 0; fours--, from += 4 * row, to += width)
        {
            var i = 0;
            for (; Sse2.IsSupported && i + 16 <= width; i += 16)
            {
                Vector128<sbyte> a = Vector128.Load(from + i), b = Vector128.Load(from + row + i), c = Vector128.Load(from + 2 * row + i), d = Vector128.Load(from + 3 * row + i);
                Vector128<short> low = Sse2.UnpackLow(a, b).AsInt16(), high = Sse2.UnpackHigh(a, b).AsInt16(), lower = Sse2.UnpackLow(c, d).AsInt16(), higher = Sse2.UnpackHigh(c, d).AsInt16();
                Sse2.UnpackLow(low, lower).AsUInt32().Store(to + i);
                Sse2.UnpackHigh(low, lower).AsUInt32().Store(to + i + 4);
                Sse2.UnpackLow(high, higher).AsUInt32().Store(to + i + 8);
                Sse2.UnpackHigh(high, higher).AsUInt32().Store(to + i + 12);
            }
            for (; i < width; i++) to[i] = (byte)from[i] | (uint)(byte)from[row + i] << 8 | (uint)(byte)from[2 * row + i] << 16 | (uint)(byte)from[3 * row + i] << 24;
        }
    }

    /// <summary>What <see cref="Rounded"/> gave, as bf16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ushort> Upper(Vector512<float> rounded) => Narrow(rounded.AsUInt32() >> 16);

    /// <summary>Two such, one behind the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<ushort> Upper(Vector512<float> low, Vector512<float> high)
    {
        if (Avx512BW.IsSupported) return Avx512BW.PermuteVar32x16x2(low.AsUInt16(), Vector512.CreateSequence<ushort>(1, 2), high.AsUInt16());
        return Vector512.Narrow(low.AsUInt32() >> 16, high.AsUInt32() >> 16);
    }

    /// <summary>Rounded to bf16. A NaN that comes of numbers in bf16 has nothing in its lower half that rounding could carry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Rounded(Vector512<float> v) => Simd.RoundTo<BF16>(v);

    /// <summary>The lower halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ushort> Narrow(Vector512<uint> words)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector256UInt16(words);
        var lower = words & Vector512.Create(0xffffu);
        return Vector256.Narrow(lower.GetLower(), lower.GetUpper());
    }
}
