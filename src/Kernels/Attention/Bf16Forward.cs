using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// Forward of attention for one kv head of one segment with products of bf16, whose sums are fp32: scores are those of fp32, the weights e^(score - largest) are rounded before the values are mixed, and
/// divided by their sum behind it.
/// </summary>
internal static unsafe class Bf16Forward
{
    private const int Side = Bf16Blocks.Side;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run(ref AttentionCall.Context c, ref AttentionCall.Segment s, int kv)
    {
        if (s.Queries == 0) return;
        int d = c.D, blocks = Bf16Blocks.Count(s.Keys), group = c.Heads / c.KvHeads;
        long rows = (long)blocks * Side * d / 2, scores = (long)blocks * Bf16Blocks.Scores;   // in floats
        var scratch = new Scratch(3 * rows + Side * d / 2 + Side * d + scores + scores / 2, 7);
        ushort* plain = (ushort*)scratch.Take(rows), q = (ushort*)scratch.Take(Side * d / 2), weights = (ushort*)scratch.Take(scores / 2);
        uint* k = (uint*)scratch.Take(rows), v = (uint*)scratch.Take(rows);
        float* p = scratch.Take(scores), y = scratch.Take(Side * d), sums = stackalloc float[Side];
        Bf16Blocks.Gather(c.Segments, s, kv, d, values: false, plain);
        Bf16Blocks.OverChannels(plain, blocks, d, k);
        Bf16Blocks.Gather(c.Segments, s, kv, d, values: true, plain);
        Bf16Blocks.OverRows(plain, blocks, d, v);
        var size = Side * d / 2;
        for (var head = kv * group; head < (kv + 1) * group; head++)
        {
            for (var start = 0; start < s.Queries; start += Side)
            {
                var count = Math.Min(Side, s.Queries - start);
                int from = AttentionBlock.Seen(s, start, c.Window).Low / Side, to = Bf16Blocks.Count(AttentionBlock.Seen(s, start + count - 1, c.Window).High);
                Bf16Blocks.Block(c.Q + ((s.Start + start) * c.QRow + head * c.QHead) * sizeof(ushort), c.QRow, count, d, q);
                for (var b = from; b < to; b++) BlockProduct.Run(Side, Side, d, q, k + b * size, p + b * Bf16Blocks.Scores, false);
                for (var r = 0; r < count; r++)
                {
                    var (low, high) = AttentionBlock.Seen(s, start + r, c.Window);
                    var row = new Row { Low = low, High = high, Position = start + r + s.Keys - s.Queries };
                    sums[r] = Softmax(p + r * Side, weights + r * Side, from, to, row, c.Scale, c.Alibi == null ? 0 : c.Alibi[head], out var lse);
                    c.Lse[head * c.Tokens + s.Start + start + r] = lse;
                }
                for (var b = from; b < to; b++) BlockProduct.Run(Side, d, Side, weights + b * Bf16Blocks.Scores, v + b * size, y, b > from);
                for (var r = 0; r < count; r++) AttentionForward.Store<BF16>(c.Y, (s.Start + start + r) * c.YRow + head * d, y + r * d, 1 / sums[r], d);
            }
        }
        BlockProduct.Done();
    }

    /// <summary>What a query sees, and where it stands.</summary>
    private struct Row
    {
        internal int Low, High, Position;
    }

    /// <summary>Products of a query to e^(score - largest) in bf16, block by block; returns their sum in fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Softmax(float* products, ushort* weights, int from, int to, in Row row, float scale, float slope, out float lse)
    {
        var largest = Vector512.Create(float.NegativeInfinity);
        for (var b = from; b < to; b++)
        {
            var scores = products + b * Bf16Blocks.Scores;
            for (var i = 0; i < Side; i += Simd.Lanes)
            {
                var (j, v) = (b * Side + i, Vector512.Load(scores + i) * scale);
                if (slope != 0) v += Vector512.ConvertToSingle(Vector512.CreateSequence(j - row.Position, 1)) * slope;
                if (j < row.Low || j + Simd.Lanes > row.High)
                {
                    var key = Vector512.CreateSequence(j, 1);
                    var seen = Vector512.GreaterThanOrEqual(key, Vector512.Create(row.Low)) & Vector512.LessThan(key, Vector512.Create(row.High));
                    v = Vector512.ConditionalSelect(seen.AsSingle(), v, Vector512.Create(float.NegativeInfinity));
                }
                v.Store(scores + i);
                largest = Vector512.MaxNative(largest, v);
            }
        }
        var max = Simd.Max(largest);
        Vector512<float> sum = default;
        for (var b = from; b < to; b++)
        {
            var scores = products + b * Bf16Blocks.Scores;
            for (var i = 0; i < Side; i += Simd.Lanes)
            {
                var e = Simd.Exp(Vector512.Load(scores + i) - Vector512.Create(max));
                NumberWords.Upper(NumberWords.Rounded(e)).Store(weights + b * Bf16Blocks.Scores + i);
                sum += e;
            }
        }
        var total = Vector512.Sum(sum);
        lse = max + MathF.Log(total);
        return total;
    }
}
