using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>What forward and backward of attention share: packing rows into padded fp32, scores of a block of queries, and who sees what.</summary>
internal static unsafe class AttentionBlock
{
    internal static int Pad(int n) => (n + 15) / 16 * 16;

    /// <summary>
    /// Copies rows of one head to fp32 <c>[count, padded d]</c>, times a factor; padding is zero, as are rows from count on up to a multiple of
    /// four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Pack<T>(byte* from, long row, int count, int d, float factor, float* to) where T : IElement
    {
        int padded = Pad(d), whole = d / 16 * 16;
        for (var r = 0; r < count; r++, to += padded)
        {
            for (var i = 0; i < whole; i += 16) (T.Load(from, r * row + i) * factor).Store(to + i);
            if (whole < d) (Simd.LoadTail<T>(from, r * row + whole, d - whole) * factor).Store(to + whole);
        }
        var rest = (count + 3) / 4 * 4 - count;
        new Span<float>(to, rest * padded).Clear();
    }

    /// <summary>Keys of one head as <see cref="Pack"/> does it, those in front first.</summary>
    internal static void PackKeys<T>(AttentionCall.Segment* segments, in AttentionCall.Segment s, int kv, int d, float* to) where T : IElement
    {
        if (s.Front > 0) PackKeys<T>(segments, segments[s.Continues], kv, d, to);
        Pack<T>(s.K + kv * s.KHead * AttentionForward.Width<T>(), s.KRow, s.Keys - s.Front, d, 1, to + (long)s.Front * Pad(d));
    }

    /// <summary>Values of one head, likewise.</summary>
    internal static void PackValues<T>(AttentionCall.Segment* segments, in AttentionCall.Segment s, int kv, int d, float* to) where T : IElement
    {
        if (s.Front > 0) PackValues<T>(segments, segments[s.Continues], kv, d, to);
        Pack<T>(s.V + kv * s.VHead * AttentionForward.Width<T>(), s.VRow, s.Keys - s.Front, d, 1, to + (long)s.Front * Pad(d));
    }

    /// <summary>Copies rows of one head to fp32 <c>[d, padded count]</c>: columns are keys, so that scores are a row-major product. Clears the rows up to the padded count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void PackTransposed(float* rows, int count, int d, float* to)
    {
        int padded = Pad(count), stride = Pad(d);
        new Span<float>(rows + (long)count * stride, (padded - count) * stride).Clear();
        // Sixteen rows at a time: a line of the target is written whole while its source stays in the first cache.
        for (var r = 0; r < padded; r += Simd.Lanes)
        {
            var from = rows + (long)r * stride;
            for (var i = 0; i < d; i++, from++)
            {
                var column = to + (long)i * padded + r;
                for (var lane = 0; lane < Simd.Lanes; lane++) column[lane] = from[lane * stride];
            }
        }
    }

    /// <summary>The keys that query <paramref name="i"/> of a segment sees: from low up to high.</summary>
    internal static (int Low, int High) Seen(in AttentionCall.Segment s, int i, int window)
    {
        var high = i + 1 + s.Keys - s.Queries;
        var low = window > 0 && s.Prefix == 0 ? Math.Max(0, high - window) : 0;
        return (low, Math.Max(high, Math.Min(s.Prefix, s.Keys)));
    }

    /// <summary>Adds the position bias and hides what a query does not see, over the columns [from, to) of its row of scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Hide(float* scores, int from, int to, int low, int high, float slope, int position)
    {
        if (slope != 0)
        {
            for (var j = from; j < to; j += 16)
            {
                var distance = Vector512.ConvertToSingle(Vector512.CreateSequence(j - position, 1));
                (Vector512.Load(scores + j) + distance * slope).Store(scores + j);
            }
        }
        for (var j = from; j < Math.Min(low, to); j++) scores[j] = float.NegativeInfinity;
        for (var j = Math.Max(high, from); j < to; j++) scores[j] = float.NegativeInfinity;
    }
}
