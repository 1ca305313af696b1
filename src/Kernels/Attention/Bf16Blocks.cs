using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels.Attention;

/// <summary>Rows of one head in bf16, <see cref="Side"/> at a time, in the ways in which <see cref="BlockProduct"/> takes them.</summary>
internal static unsafe class Bf16Blocks
{
    /// <summary>Queries, and keys, that are worked on together.</summary>
    internal const int Side = AttentionCall.Block;

    /// <summary>Scores of a block.</summary>
    internal const int Scores = Side * Side;

    /// <summary>Whether heads of this width can be taken so.</summary>
    internal static bool Suits(int d) => d % 32 == 0;

    internal static int Count(int rows) => (rows + Side - 1) / Side;

    /// <summary>Keys or values of one head, those in front first, as <c>[blocks · side, d]</c>; zero behind them.</summary>
    internal static void Gather(AttentionCall.Segment* segments, in AttentionCall.Segment s, int kv, int d, bool values, ushort* to)
    {
        if (s.Front > 0) Gather(segments, segments[s.Continues], kv, d, values, to);
        var own = to + (long)s.Front * d;
        if (values) Rows((ushort*)s.V + kv * s.VHead, s.VRow, s.Keys - s.Front, d, own);
        else Rows((ushort*)s.K + kv * s.KHead, s.KRow, s.Keys - s.Front, d, own);
        Clear(to, s.Keys, d);
    }

    /// <summary>Some rows as one block.</summary>
    internal static void Block(byte* from, long row, int count, int d, ushort* to)
    {
        Rows((ushort*)from, row, count, d, to);
        Clear(to, count, d);
    }

    // A row is a whole number of lines: to call for a copy of it would take as long again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(ushort* from, long row, int count, int d, ushort* to)
    {
        for (var r = 0; r < count; r++, from += row, to += d)
            for (var i = 0; i < d; i += 32) Vector512.Load(from + i).Store(to + i);
    }

    private static void Clear(ushort* rows, int count, int d) => new Span<ushort>(rows + (long)count * d, (Count(count) * Side - count) * d).Clear();

    /// <summary>Blocks as the right side of products over channels: <c>[d / 2, side, 2]</c> each.</summary>
    internal static void OverChannels(ushort* rows, int blocks, int d, uint* to)
    {
        var pairs = d / 2;
        for (var from = (uint*)rows; blocks > 0; blocks--, from += Side * pairs, to += Side * pairs) Turn(from, Side, pairs, to);
    }

    /// <summary>Blocks as the right side of products over rows: <c>[side / 2, d, 2]</c> each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void OverRows(ushort* rows, int blocks, int d, uint* to)
    {
        for (var pairs = blocks * Side / 2; pairs > 0; pairs--, rows += 2 * d, to += d)
            for (var i = 0; i < d; i += 16)
            {
                var ((a0, a1), (b0, b1)) = (Vector256.Widen(Vector256.Load(rows + i)), Vector256.Widen(Vector256.Load(rows + d + i)));
                (a0 | b0 << 16).Store(to + i);
                (a1 | b1 << 16).Store(to + i + 8);
            }
    }

    /// <summary>Blocks as the left side of products over rows: <c>[d, side]</c> each.</summary>
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Turned(ushort* rows, int blocks, int d, ushort* to)
    {
        var words = stackalloc uint[Side * d / 2];
        for (; blocks > 0; blocks--, rows += Side * d, to += Side * d)
        {
            OverChannels(rows, 1, d, words);
            for (var i = 0; i < Side * d / 2; i += 16)
            {
                // Of each pair of channels the even one's row comes first.
                var pair = Vector512.Load(words + i);
                var row = to + i / Side * 2 * Side + i % Side;
                Narrow(pair).Store(row);
                Narrow(pair >> 16).Store(row + Side);
            }
        }
    }

    /// <summary>fp32 <c>[d, side]</c> to <c>[side, d]</c>.</summary>
    internal static void TurnBack(float* columns, int d, float* to) => Turn((uint*)columns, d, Side, (uint*)to);

    /// <summary>What <see cref="Rounded"/> gave, as bf16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ushort> Upper(Vector512<float> rounded) => Narrow(rounded.AsUInt32() >> 16);

    /// <summary>Rounded to bf16. A NaN that comes of numbers in bf16 has nothing in its lower half that rounding could carry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Rounded(Vector512<float> v) => Simd.RoundTo<BF16>(v);

    // The lower halves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Narrow(Vector512<uint> words)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector256UInt16(words);
        var lower = words & Vector512.Create(0xffffu);
        return Vector256.Narrow(lower.GetLower(), lower.GetUpper());
    }

    // Words [rows, columns] to [columns, rows], sixteen by sixteen.
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(uint* from, int rows, int columns, uint* to)
    {
        var fours = stackalloc Vector512<uint>[16];
        for (var r = 0; r < rows; r += 16)
            for (var c = 0; c < columns; c += 16)
            {
                if (Avx512F.IsSupported)
                {
                    TurnSixteen(from + r * columns + c, columns, to + c * rows + r, rows, fours);
                    continue;
                }
                for (var i = 0; i < 16; i++)
                    for (var j = 0; j < 16; j++) to[(c + i) * rows + r + j] = from[(r + j) * columns + c + i];
            }
    }

    // Four rows at a time are turned within each quarter of a register; then quarters change places.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TurnSixteen(uint* from, int fromRow, uint* to, int toRow, Vector512<uint>* fours)
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
}
