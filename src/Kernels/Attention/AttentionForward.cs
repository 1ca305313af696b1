using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>Forward of attention for one kv head of one segment.</summary>
internal static unsafe class AttentionForward
{
    /// <summary>Fewer queries than this do not pay for transposing the keys.</summary>
    private const int Few = 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(AttentionCall.Context*)context;
        ref var s = ref c.Segments[part / c.KvHeads];
        var kv = part % c.KvHeads;
        if (s.Queries < Few && s.Front == 0) Single<T>(ref c, ref s, kv);
        else if (c.InBf16) Bf16Forward.Run(ref c, ref s, kv);
        else Blocks<T>(ref c, ref s, kv);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Blocks<T>(ref AttentionCall.Context c, ref AttentionCall.Segment s, int kv) where T : IElement
    {
        int d = c.D, dp = AttentionBlock.Pad(d), keys = AttentionBlock.Pad(s.Keys), group = c.Heads / c.KvHeads;
        var scratch = new Scratch((long)keys * dp * 3 + 8 * dp + (long)AttentionCall.Block * (keys + 2 * dp), 5);
        float* k = scratch.Take((long)(keys + 4) * dp), v = scratch.Take((long)(keys + 4) * dp), kt = scratch.Take((long)keys * dp);
        float* q = scratch.Take(AttentionCall.Block * dp), p = scratch.Take((long)AttentionCall.Block * keys);
        // Rows beyond the keys meet weights of zero; they must not hold NaN.
        AttentionBlock.PackValues<T>(c.Segments, s, kv, d, v);
        new Span<float>(v + (long)s.Keys * dp, (keys - s.Keys) * dp).Clear();
        AttentionBlock.PackKeys<T>(c.Segments, s, kv, d, k);
        AttentionBlock.PackTransposed(k, s.Keys, d, kt);
        var y = k;   // the keys are needed no more
        float* sums = stackalloc float[AttentionCall.Block];
        for (var head = kv * group; head < (kv + 1) * group; head++)
        {
            for (var start = 0; start < s.Queries; start += AttentionCall.Block)
            {
                var count = Math.Min(AttentionCall.Block, s.Queries - start);
                var rows = (count + 3) / 4 * 4;
                int from = AttentionBlock.Seen(s, start, c.Window).Low / 16 * 16, to = AttentionBlock.Pad(AttentionBlock.Seen(s, start + count - 1, c.Window).High);
                AttentionBlock.Pack<T>(c.Q + ((s.Start + start) * c.QRow + head * c.QHead) * Width<T>(), c.QRow, count, d, c.Scale, q);
                Gemm.Run(rows, to - from, d, q, dp, 1, kt + from, keys, p + from, keys, false);
                for (var r = 0; r < count; r++)
                {
                    var (low, high) = AttentionBlock.Seen(s, start + r, c.Window);
                    AttentionBlock.Hide(p + (long)r * keys, from, to, low, high, c.Alibi == null ? 0 : c.Alibi[head], start + r + s.Keys - s.Queries);
                    sums[r] = Softmax(p + (long)r * keys, from, to, out var lse);
                    c.Lse[head * c.Tokens + s.Start + start + r] = lse;
                }
                Gemm.Run(rows, dp, to - from, p + from, keys, 1, v + (long)from * dp, dp, y, dp, false);
                for (var r = 0; r < count; r++) Store<T>(c.Y, (s.Start + start + r) * c.YRow + head * d, y + (long)r * dp, 1 / sums[r], d);
            }
        }
    }

    /// <summary>Attention of single queries, straight from the cache: the whole group of heads shares each key that is read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Single<T>(ref AttentionCall.Context c, ref AttentionCall.Segment s, int kv) where T : IElement
    {
        int d = c.D, dp = AttentionBlock.Pad(d), keys = AttentionBlock.Pad(s.Keys), group = c.Heads / c.KvHeads;
        var scratch = new Scratch((long)group * (keys + 2 * dp) + 4 * dp, 3);
        float* q = scratch.Take((group + 4) * dp), p = scratch.Take((long)group * keys), y = scratch.Take(group * dp);
        byte* k = s.K + kv * s.KHead * Width<T>(), v = s.V + kv * s.VHead * Width<T>();
        float* sums = stackalloc float[group];
        for (var i = 0; i < s.Queries; i++)
        {
            var (low, high) = AttentionBlock.Seen(s, i, c.Window);
            int from = low / 16 * 16, to = AttentionBlock.Pad(high);
            AttentionBlock.Pack<T>(c.Q + ((s.Start + i) * c.QRow + kv * group * c.QHead) * Width<T>(), c.QHead, group, d, c.Scale, q);
            for (var h = 0; h < group; h++) FewRows.Scores<T>(k, s.KRow, low, high, q + h * dp, d, p + (long)h * keys);
            for (var h = 0; h < group; h++)
            {
                var head = kv * group + h;
                var row = p + (long)h * keys;
                // What lies beyond was never written.
                for (var j = high; j < to; j++) row[j] = 0;
                for (var j = from; j < low; j++) row[j] = 0;
                AttentionBlock.Hide(row, from, to, low, high, c.Alibi == null ? 0 : c.Alibi[head], i + s.Keys - s.Queries);
                sums[h] = Softmax(row, from, to, out var lse);
                if (c.Lse != null) c.Lse[head * c.Tokens + s.Start + i] = lse;
            }
            for (var h = 0; h < group; h++) FewRows.Mix<T>(v, s.VRow, low, high, p + (long)h * keys, d, y + h * dp);
            for (var h = 0; h < group; h++) Store<T>(c.Y, (s.Start + i) * c.YRow + (kv * group + h) * d, y + h * dp, 1 / sums[h], d);
        }
    }

    /// <summary>Scores to e^(score - largest); returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Softmax(float* row, int from, int to, out float lse)
    {
        var largest = Vector512.Create(float.NegativeInfinity);
        for (var j = from; j < to; j += 16) largest = Vector512.MaxNative(largest, Vector512.Load(row + j));
        var max = Simd.Max(largest);
        Vector512<float> sum = default;
        for (var j = from; j < to; j += 16)
        {
            var e = Simd.Exp(Vector512.Load(row + j) - Vector512.Create(max));
            e.Store(row + j);
            sum += e;
        }
        var total = Vector512.Sum(sum);
        lse = max + MathF.Log(total);
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Store<T>(byte* to, long at, float* row, float factor, int d) where T : IElement
    {
        var i = 0;
        for (; i + 16 <= d; i += 16) T.Store(to, at + i, Vector512.Load(row + i) * factor);
        if (i < d) Simd.StoreTail<T>(to, at + i, d - i, Vector512.Load(row + i) * factor);
    }

    internal static int Width<T>() where T : IElement => typeof(T) == typeof(F32) ? 4 : 2;
}
