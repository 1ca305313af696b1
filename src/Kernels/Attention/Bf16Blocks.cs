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
        for (var from = (uint*)rows; blocks > 0; blocks--, from += Side * pairs, to += Side * pairs) NumberWords.Turn(from, pairs, Side, pairs, to, Side);
    }

    /// <summary>Blocks as the right side of products over rows: <c>[side / 2, d, 2]</c> each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void OverRows(ushort* rows, int blocks, int d, uint* to)
    {
        for (var pairs = blocks * Side / 2; pairs > 0; pairs--, rows += 2 * d, to += d) NumberWords.Interleave(rows, rows + d, d, to);
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
                NumberWords.Narrow(pair).Store(row);
                NumberWords.Narrow(pair >> 16).Store(row + Side);
            }
        }
    }

    /// <summary>fp32 <c>[d, side]</c> to <c>[side, d]</c>.</summary>
    internal static void TurnBack(float* columns, int d, float* to) => NumberWords.Turn((uint*)columns, Side, d, Side, (uint*)to, d);
}
