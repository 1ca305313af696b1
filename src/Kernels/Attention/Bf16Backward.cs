using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// Backward of attention for one kv head of one group of segments with products of bf16, whose sums are fp32: as <see cref="AttentionBackward"/>, but for a block of keys and one of queries
/// at a time, a key's scores in a row, so that weights and slopes lie as the next products take them.
/// </summary>
internal static unsafe class Bf16Backward
{
    private const int Side = Bf16Blocks.Side, Scores = Bf16Blocks.Scores;

    /// <summary>Working memory; dK and dV are zero between two segments but for the rows of the keys in front.</summary>
    private ref struct Buffers
    {
        internal ushort* K, V, Turned, Rows, P, DS;
        internal uint* Q, Dy, QRows, DyRows, Pairs;
        internal float* DK, DV, DQ, Back, S, DP, Lse, Delta;

        internal Buffers(int blocks, int d)
        {
            long block = Side * d, keys = blocks * block;
            var scratch = new Scratch(3 * keys / 2 + 2 * keys + 5 * block / 2 + 2 * block + 7 * Scores / 2 + 2 * Side, 19);
            K = (ushort*)scratch.Take(keys / 2);
            V = (ushort*)scratch.Take(keys / 2);
            Turned = (ushort*)scratch.Take(keys / 2);
            DK = scratch.Take(keys);
            DV = scratch.Take(keys);
            Rows = (ushort*)scratch.Take(block / 2);
            Q = (uint*)scratch.Take(block / 2);
            Dy = (uint*)scratch.Take(block / 2);
            QRows = (uint*)scratch.Take(block / 2);
            DyRows = (uint*)scratch.Take(block / 2);
            DQ = scratch.Take(block);
            Back = scratch.Take(block);
            S = scratch.Take(Scores);
            DP = scratch.Take(Scores);
            P = (ushort*)scratch.Take(Scores / 2);
            DS = (ushort*)scratch.Take(Scores / 2);
            Pairs = (uint*)scratch.Take(Scores / 2);
            Lse = scratch.Take(Side);
            Delta = scratch.Take(Side);
            new Span<float>(DK, (int)keys).Clear();
            new Span<float>(DV, (int)keys).Clear();
        }
    }

    /// <summary>A block of queries: which keys each sees, from low to before high, and where it stands.</summary>
    private ref struct Queries
    {
        internal Vector512<int> FirstLow, SecondLow, FirstHigh, SecondHigh, Position;   // of sixteen each; positions follow each other
        internal int Low, High;   // all see these keys
        internal uint Alone;   // a bit for each that sees one key, whose weight is one whatever its score
        internal float Scale, Slope;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Part(void* context, int part)
    {
        ref var c = ref *(AttentionCall.Context*)context;
        int group = part / c.KvHeads, kv = part % c.KvHeads, most = 0;
        for (var s = c.Groups[group]; s < c.Groups[group + 1]; s++) most = Math.Max(most, Bf16Blocks.Count(c.Segments[s].Keys));
        var buffers = new Buffers(most, c.D);
        // A segment comes after all that continue it: what they have to say about its keys has been added up by then.
        for (var s = c.Groups[group + 1] - 1; s >= c.Groups[group]; s--) Segment(ref c, ref c.Segments[s], kv, buffers);
        BlockProduct.Done();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Segment(ref AttentionCall.Context c, ref AttentionCall.Segment s, int kv, in Buffers b)
    {
        int d = c.D, group = c.Heads / c.KvHeads, blocks = Bf16Blocks.Count(s.Keys);
        if (s.Queries > 0)
        {
            Bf16Blocks.Gather(c.Segments, s, kv, d, values: false, b.K);
            Bf16Blocks.Gather(c.Segments, s, kv, d, values: true, b.V);
            if (c.DQ != null) Bf16Blocks.Turned(b.K, blocks, d, b.Turned);
        }
        for (var head = kv * group; head < (kv + 1) * group; head++)
            for (var start = 0; start < s.Queries; start += Side) Block(ref c, ref s, head, start, b);
        AttentionBackward.StoreOwn<BF16>(s.DK, b.DK, s, kv, d, blocks * Side, c.Scale);
        AttentionBackward.StoreOwn<BF16>(s.DV, b.DV, s, kv, d, blocks * Side, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(ref AttentionCall.Context c, ref AttentionCall.Segment s, int head, int start, in Buffers b)
    {
        int d = c.D, size = Side * d, count = Math.Min(Side, s.Queries - start);
        int from = AttentionBlock.Seen(s, start, c.Window).Low / Side, to = Bf16Blocks.Count(AttentionBlock.Seen(s, start + count - 1, c.Window).High);
        long token = s.Start + start, out0 = token * c.YRow + head * d;
        Bf16Blocks.Block(c.Q + (token * c.QRow + head * c.QHead) * sizeof(ushort), c.QRow, count, d, b.Rows);
        Bf16Blocks.OverChannels(b.Rows, 1, d, b.Q);
        if (s.DK != null) Bf16Blocks.OverRows(b.Rows, 1, d, b.QRows);
        Bf16Blocks.Block(c.Dy + out0 * sizeof(ushort), c.YRow, count, d, b.Rows);
        Bf16Blocks.OverChannels(b.Rows, 1, d, b.Dy);
        if (s.DV != null) Bf16Blocks.OverRows(b.Rows, 1, d, b.DyRows);
        for (var r = 0; r < Side; r++)
        {
            // Rows behind the last query have weights of zero, and nothing that could meet them.
            b.Lse[r] = r < count ? c.Lse[head * c.Tokens + token + r] : float.PositiveInfinity;
            b.Delta[r] = r < count ? Dot(b.Rows + r * d, (ushort*)c.Y + out0 + r * c.YRow, d) : 0;
        }
        var queries = Of(ref c, s, head, start, count);
        for (var block = from; block < to; block++)
        {
            BlockProduct.Run(Side, Side, d, b.K + block * size, b.Q, b.S, false);
            BlockProduct.Run(Side, Side, d, b.V + block * size, b.Dy, b.DP, false);
            Differentiate(b, block * Side, queries);
            for (var alone = queries.Alone; alone != 0; alone &= alone - 1) ClearSlopes(b, BitOperations.TrailingZeroCount(alone));
            if (s.DV != null) BlockProduct.Run(Side, d, Side, b.P, b.DyRows, b.DV + block * size, true);
            if (s.DK != null) BlockProduct.Run(Side, d, Side, b.DS, b.QRows, b.DK + block * size, true);
            if (c.DQ != null) BlockProduct.Run(d, Side, Side, b.Turned + block * size, b.Pairs, b.DQ, block > from);
        }
        if (c.DQ == null) return;
        Bf16Blocks.TurnBack(b.DQ, d, b.Back);
        for (var r = 0; r < count; r++) AttentionForward.Store<BF16>(c.DQ, out0 + r * c.YRow, b.Back + r * d, c.Scale, d);
    }

    private static Queries Of(ref AttentionCall.Context c, in AttentionCall.Segment s, int head, int start, int count)
    {
        int* lows = stackalloc int[Side], highs = stackalloc int[Side];
        var queries = new Queries { Low = 0, High = count < Side ? 0 : int.MaxValue, Scale = c.Scale, Slope = c.Alibi == null ? 0 : c.Alibi[head] };
        for (var r = 0; r < Side; r++)
        {
            (lows[r], highs[r]) = r < count ? AttentionBlock.Seen(s, start + r, c.Window) : (0, 0);
            if (highs[r] - lows[r] == 1) queries.Alone |= 1u << r;
            (queries.Low, queries.High) = (Math.Max(queries.Low, lows[r]), Math.Min(queries.High, highs[r]));
        }
        (queries.FirstLow, queries.SecondLow, queries.FirstHigh, queries.SecondHigh) = (Vector512.Load(lows), Vector512.Load(lows + 16), Vector512.Load(highs), Vector512.Load(highs + 16));
        queries.Position = Vector512.CreateSequence(start + s.Keys - s.Queries, 1);
        return queries;
    }

    // Products of queries and keys become weights, and those of dO and values the scores' gradient, two keys at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Differentiate(in Buffers b, int key, in Queries queries)
    {
        var whole = queries.Low <= key && key + Side <= queries.High;
        for (var half = 0; half < Side; half += Simd.Lanes)
        {
            Vector512<float> lse = Vector512.Load(b.Lse + half), delta = Vector512.Load(b.Delta + half);
            Vector512<int> low = half == 0 ? queries.FirstLow : queries.SecondLow, high = half == 0 ? queries.FirstHigh : queries.SecondHigh, position = queries.Position + Vector512.Create(half);
            for (var j = 0; j < Side; j += 2)
            {
                var at = j * Side + half;
                var first = Weights(b.S + at, key + j, lse, low, high, position, queries.Scale, queries.Slope, whole);
                var second = Weights(b.S + at + Side, key + j + 1, lse, low, high, position, queries.Scale, queries.Slope, whole);
                NumberWords.Upper(NumberWords.Rounded(first)).Store(b.P + at);
                NumberWords.Upper(NumberWords.Rounded(second)).Store(b.P + at + Side);
                first = NumberWords.Rounded(first * (Vector512.Load(b.DP + at) - delta));
                second = NumberWords.Rounded(second * (Vector512.Load(b.DP + at + Side) - delta));
                NumberWords.Upper(first).Store(b.DS + at);
                NumberWords.Upper(second).Store(b.DS + at + Side);
                (first.AsUInt32() >> 16 | second.AsUInt32()).Store(b.Pairs + j / 2 * Side + half);
            }
        }
    }

    // Those of one query.
    private static void ClearSlopes(in Buffers b, int query)
    {
        for (var j = 0; j < Side; j++) b.DS[j * Side + query] = 0;
        for (var j = 0; j < Side / 2; j++) b.Pairs[j * Side + query] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Weights(
        float* products, int key, Vector512<float> lse, Vector512<int> low, Vector512<int> high, Vector512<int> position, float scale, float slope, bool whole)
    {
        var scores = Vector512.Load(products) * scale;
        if (slope != 0) scores += Vector512.ConvertToSingle(Vector512.Create(key) - position) * slope;
        var weights = Simd.Exp(scores - lse);
        if (whole) return weights;
        var seen = Vector512.LessThanOrEqual(low, Vector512.Create(key)) & Vector512.GreaterThan(high, Vector512.Create(key));
        return Vector512.ConditionalSelect(seen.AsSingle(), weights, default);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(ushort* a, ushort* b, int n)
    {
        Vector512<float> sum = default;
        for (var i = 0; i < n; i += Simd.Lanes) sum = Vector512.FusedMultiplyAdd(BF16.Load(a, i), BF16.Load(b, i), sum);
        return Vector512.Sum(sum);
    }
}
