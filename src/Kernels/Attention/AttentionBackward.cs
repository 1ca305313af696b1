using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// Backward of attention for one kv head of one group of segments; the weights are computed again from the stored log-sum-exp (Dao et al. 2022).
/// With P the weights and D = rowsum(dO · O): dV = Pᵀ dO, dS = P · (dO Vᵀ - D), dQ = dS K, dK = dSᵀ Q.
/// </summary>
internal static unsafe class AttentionBackward
{
    /// <summary>Working memory in fp32, rows padded; dK and dV are zero between two segments but for the rows of the keys in front.</summary>
    private ref struct Buffers
    {
        internal float* K, V, Kt, Vt, DK, DV, Q, Dy, Y, DQ, P, DS;

        internal Buffers(int keys, int dp)
        {
            const int Block = AttentionCall.Block;
            long rows = (long)(keys + 4) * dp, columns = (long)keys * dp, block = Block * dp, scores = (long)Block * keys;
            var scratch = new Scratch(2 * rows + 4 * columns + 4 * block + 2 * scores, 12);
            K = scratch.Take(rows);
            V = scratch.Take(rows);
            Kt = scratch.Take(columns);
            Vt = scratch.Take(columns);
            DK = scratch.Take(columns);
            DV = scratch.Take(columns);
            Q = scratch.Take(block);
            Dy = scratch.Take(block);
            Y = scratch.Take(block);
            DQ = scratch.Take(block);
            P = scratch.Take(scores);
            DS = scratch.Take(scores);
            new Span<float>(DK, keys * dp).Clear();
            new Span<float>(DV, keys * dp).Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(AttentionCall.Context*)context;
        int group = part / c.KvHeads, kv = part % c.KvHeads, most = 0;
        for (var s = c.Groups[group]; s < c.Groups[group + 1]; s++) most = Math.Max(most, AttentionBlock.Pad(c.Segments[s].Keys));
        var buffers = new Buffers(most, AttentionBlock.Pad(c.D));
        // A segment comes after all that continue it: what they have to say about its keys has been added up by then.
        for (var s = c.Groups[group + 1] - 1; s >= c.Groups[group]; s--) Segment<T>(ref c, ref c.Segments[s], kv, buffers);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Segment<T>(ref AttentionCall.Context c, ref AttentionCall.Segment s, int kv, in Buffers b) where T : IElement
    {
        int d = c.D, dp = AttentionBlock.Pad(d), keys = AttentionBlock.Pad(s.Keys), group = c.Heads / c.KvHeads;
        AttentionBlock.PackKeys<T>(c.Segments, s, kv, d, b.K);
        AttentionBlock.PackValues<T>(c.Segments, s, kv, d, b.V);
        AttentionBlock.PackTransposed(b.K, s.Keys, d, b.Kt);
        AttentionBlock.PackTransposed(b.V, s.Keys, d, b.Vt);
        for (var head = kv * group; head < (kv + 1) * group; head++)
            for (var start = 0; start < s.Queries; start += AttentionCall.Block)
                Queries<T>(ref c, ref s, head, start, b);
        StoreOwn<T>(s.DK, b.DK, s, kv, d, keys, 1);
        StoreOwn<T>(s.DV, b.DV, s, kv, d, keys, 1);
    }

    // A block of queries of one head from start on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Queries<T>(ref AttentionCall.Context c, ref AttentionCall.Segment s, int head, int start, in Buffers b) where T : IElement
    {
        int d = c.D, dp = AttentionBlock.Pad(d), keys = AttentionBlock.Pad(s.Keys), size = AttentionForward.Width<T>();
        var count = Math.Min(AttentionCall.Block, s.Queries - start);
        var rows = (count + 3) / 4 * 4;
        int from = AttentionBlock.Seen(s, start, c.Window).Low / 16 * 16, to = AttentionBlock.Pad(AttentionBlock.Seen(s, start + count - 1, c.Window).High), n = to - from;
        long token = s.Start + start, out0 = token * c.YRow + head * d;
        AttentionBlock.Pack<T>(c.Q + (token * c.QRow + head * c.QHead) * size, c.QRow, count, d, c.Scale, b.Q);
        AttentionBlock.Pack<T>(c.Dy + out0 * size, c.YRow, count, d, 1, b.Dy);
        AttentionBlock.Pack<T>(c.Y + out0 * size, c.YRow, count, d, 1, b.Y);
        Gemm.Run(rows, n, d, b.Q, dp, 1, b.Kt + from, keys, b.P + from, keys, false);
        Gemm.Run(rows, n, d, b.Dy, dp, 1, b.Vt + from, keys, b.DS + from, keys, false);
        for (var r = 0; r < rows; r++)
        {
            float* weights = b.P + (long)r * keys, slopes = b.DS + (long)r * keys;
            if (r >= count)
            {
                new Span<float>(weights + from, n).Clear();
                new Span<float>(slopes + from, n).Clear();
                continue;
            }
            var (low, high) = AttentionBlock.Seen(s, start + r, c.Window);
            AttentionBlock.Hide(weights, from, to, low, high, c.Alibi == null ? 0 : c.Alibi[head], start + r + s.Keys - s.Queries);
            Differentiate(weights, slopes, from, to, c.Lse[head * c.Tokens + token + r], Dot(b.Dy + r * dp, b.Y + r * dp, dp));
            // The weight of a key that is alone is one, whatever its score: two sums of the same, in two orders, must not say otherwise.
            if (high - low == 1) new Span<float>(slopes + from, n).Clear();
        }
        if (s.DV != null) Gemm.Run(n, dp, rows, b.P + from, 1, keys, b.Dy, dp, b.DV + (long)from * dp, dp, true);
        if (s.DK != null) Gemm.Run(n, dp, rows, b.DS + from, 1, keys, b.Q, dp, b.DK + (long)from * dp, dp, true);
        if (c.DQ == null) return;
        Gemm.Run(rows, dp, n, b.DS + from, keys, 1, b.K + (long)from * dp, dp, b.DQ, dp, false);
        for (var r = 0; r < count; r++) AttentionForward.Store<T>(c.DQ, out0 + r * c.YRow, b.DQ + r * dp, c.Scale, d);
    }

    /// <summary>Stores gradients of a segment's own keys or values, of which there are so many rows with those that fill up; all of them are left clear for the next segment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void StoreOwn<T>(byte* gradient, float* rows, in AttentionCall.Segment s, int kv, int d, int padded, float factor) where T : IElement
    {
        if (gradient == null) return;
        var dp = AttentionBlock.Pad(d);
        var own = rows + (long)s.Front * dp;
        for (var j = 0; j < s.Keys - s.Front; j++) AttentionForward.Store<T>(gradient, j * s.DRow + kv * d, own + (long)j * dp, factor, d);
        new Span<float>(own, (padded - s.Front) * dp).Clear();
    }

    // Scores become weights, and dO Vᵀ becomes the scores' gradient.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Differentiate(float* weights, float* slopes, int from, int to, float lse, float delta)
    {
        for (var j = from; j < to; j += 16)
        {
            var w = Simd.Exp(Vector512.Load(weights + j) - Vector512.Create(lse));
            w.Store(weights + j);
            (w * (Vector512.Load(slopes + j) - Vector512.Create(delta))).Store(slopes + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* a, float* b, int n)
    {
        Vector512<float> sum = default;
        for (var i = 0; i < n; i += 16) sum = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum);
        return Vector512.Sum(sum);
    }
}
