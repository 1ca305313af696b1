using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// Backward of attention for one kv head of one segment; the weights are computed again from the stored log-sum-exp (Dao et al. 2022).
/// With P the weights and D = rowsum(dO · O): dV = Pᵀ dO, dS = P · (dO Vᵀ - D), dQ = dS K, dK = dSᵀ Q.
/// </summary>
internal static unsafe class AttentionBackward
{
    internal static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(AttentionCall.Context*)context;
        ref var s = ref c.Segments[part / c.KvHeads];
        int kv = part % c.KvHeads, d = c.D, dp = AttentionBlock.Pad(d), keys = AttentionBlock.Pad(s.Keys), group = c.Heads / c.KvHeads;
        const int Block = AttentionCall.Block;
        var size = AttentionForward.Width<T>();
        var scratch = new Scratch((long)(keys + 4) * dp * 6 + (long)Block * (2L * keys + 5 * dp), 12);
        float* k = scratch.Take((long)(keys + 4) * dp), v = scratch.Take((long)(keys + 4) * dp), kt = scratch.Take((long)keys * dp), vt = scratch.Take((long)keys * dp);
        float* dk = scratch.Take((long)keys * dp), dv = scratch.Take((long)keys * dp);
        float* q = scratch.Take(Block * dp), dy = scratch.Take(Block * dp), y = scratch.Take(Block * dp), dq = scratch.Take(Block * dp);
        float* p = scratch.Take((long)Block * keys), ds = scratch.Take((long)Block * keys);
        AttentionBlock.Pack<T>(s.K + kv * s.KHead * size, s.KRow, s.Keys, d, 1, k);
        AttentionBlock.Pack<T>(s.V + kv * s.VHead * size, s.VRow, s.Keys, d, 1, v);
        new Span<float>(k + (long)s.Keys * dp, (keys - s.Keys) * dp).Clear();
        AttentionBlock.PackTransposed(k, s.Keys, d, kt);
        AttentionBlock.PackTransposed(v, s.Keys, d, vt);
        new Span<float>(dk, keys * dp).Clear();
        new Span<float>(dv, keys * dp).Clear();

        for (var head = kv * group; head < (kv + 1) * group; head++)
        {
            for (var start = 0; start < s.Queries; start += Block)
            {
                var count = Math.Min(Block, s.Queries - start);
                var rows = (count + 3) / 4 * 4;
                int from = AttentionBlock.Seen(s, start, c.Window).Low / 16 * 16, to = AttentionBlock.Pad(AttentionBlock.Seen(s, start + count - 1, c.Window).High), n = to - from;
                long token = s.Start + start, out0 = token * c.YRow + head * d;
                AttentionBlock.Pack<T>(c.Q + (token * c.QRow + head * c.QHead) * size, c.QRow, count, d, c.Scale, q);
                AttentionBlock.Pack<T>(c.Dy + out0 * size, c.YRow, count, d, 1, dy);
                AttentionBlock.Pack<T>(c.Y + out0 * size, c.YRow, count, d, 1, y);
                Gemm.Run(rows, n, d, q, dp, 1, kt + from, keys, p + from, keys, false);
                Gemm.Run(rows, n, d, dy, dp, 1, vt + from, keys, ds + from, keys, false);
                for (var r = 0; r < rows; r++)
                {
                    float* weights = p + (long)r * keys, slopes = ds + (long)r * keys;
                    if (r >= count)
                    {
                        new Span<float>(weights + from, n).Clear();
                        new Span<float>(slopes + from, n).Clear();
                        continue;
                    }
                    var (low, high) = AttentionBlock.Seen(s, start + r, c.Window);
                    AttentionBlock.Hide(weights, from, to, low, high, c.Alibi == null ? 0 : c.Alibi[head], start + r + s.Keys - s.Queries);
                    Differentiate(weights, slopes, from, to, c.Lse[head * c.Tokens + token + r], Dot(dy + r * dp, y + r * dp, dp));
                }
                if (s.DV != null) Gemm.Run(n, dp, rows, p + from, 1, keys, dy, dp, dv + (long)from * dp, dp, true);
                if (s.DK != null) Gemm.Run(n, dp, rows, ds + from, 1, keys, q, dp, dk + (long)from * dp, dp, true);
                if (c.DQ == null) continue;
                Gemm.Run(rows, dp, n, ds + from, keys, 1, k + (long)from * dp, dp, dq, dp, false);
                for (var r = 0; r < count; r++) AttentionForward.Store<T>(c.DQ, out0 + r * c.YRow, dq + r * dp, c.Scale, d);
            }
        }
        for (var j = 0; j < s.Keys; j++)
        {
            if (s.DK != null) AttentionForward.Store<T>(s.DK, j * s.DRow + kv * d, dk + (long)j * dp, 1, d);
            if (s.DV != null) AttentionForward.Store<T>(s.DV, j * s.DRow + kv * d, dv + (long)j * dp, 1, d);
        }
    }

    // Scores become weights, and dO Vᵀ becomes the scores' gradient.
    private static void Differentiate(float* weights, float* slopes, int from, int to, float lse, float delta)
    {
        for (var j = from; j < to; j += 16)
        {
            var w = Simd.Exp(Vector512.Load(weights + j) - Vector512.Create(lse));
            w.Store(weights + j);
            (w * (Vector512.Load(slopes + j) - Vector512.Create(delta))).Store(slopes + j);
        }
    }

    private static float Dot(float* a, float* b, int n)
    {
        Vector512<float> sum = default;
        for (var i = 0; i < n; i += 16) sum = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum);
        return Vector512.Sum(sum);
    }
}
