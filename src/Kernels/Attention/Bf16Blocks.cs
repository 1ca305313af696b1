using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    /// <summary>Keys of one head, those in front first, as <c>[blocks · side, d]</c>; zero behind them.</summary>
    internal static void Keys(AttentionCall.Segment* segments, in AttentionCall.Segment s, int kv, int d, ushort* to)
    {
        if (s.Front > 0) Keys(segments, segments[s.Continues], kv, d, to);
        Rows((ushort*)s.K + kv * s.KHead, s.KRow, s.Keys - s.Front, d, to + (long)s.Front * d);
        Clear(to, s.Keys, d);
    }

    /// <summary>Values of one head, likewise.</summary>
    internal static void Values(AttentionCall.Segment* segments, in AttentionCall.Segment s, int kv, int d, ushort* to)
    {
        if (s.Front > 0) Values(segments, segments[s.Continues], kv, d, to);
        Rows((ushort*)s.V + kv * s.VHead, s.VRow, s.Keys - s.Front, d, to + (long)s.Front * d);
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void OverChannels(ushort* rows, int blocks, int d, uint* to)
    {
        var pairs = d / 2;
        for (var from = (uint*)rows; blocks > 0; blocks--, from += Side * pairs, to += Side * pairs)
            for (var pair = 0; pair < pairs; pair++)
                for (var r = 0; r < Side; r++) to[pair * Side + r] = from[r * pairs + pair];
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Turned(ushort* rows, int blocks, int d, ushort* to)
    {
        for (; blocks > 0; blocks--, rows += Side * d, to += Side * d)
            for (var i = 0; i < d; i++)
                for (var r = 0; r < Side; r++) to[i * Side + r] = rows[r * d + i];
    }

    /// <summary>fp32 <c>[d, side]</c> to <c>[side, d]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void TurnBack(float* columns, int d, float* to)
    {
        for (var r = 0; r < Side; r++)
            for (var i = 0; i < d; i++) to[r * d + i] = columns[i * Side + r];
    }
}
