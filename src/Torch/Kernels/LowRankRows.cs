using System.Runtime.Intrinsics;

namespace AlpacaCot.Torch.Kernels;

/// <summary>
/// The three loops of a low-rank product over rows of fp32 or bf16; ranks go eight at a time. What is left beyond the last whole
/// vector goes through methods of its own: a call in sight of a loop would push its accumulators out of their registers.
/// </summary>
internal static unsafe class LowRankRows
{
    internal const int Step = 8;

    /// <summary>u[i, r] = factor · Σ x[i, :] w[r, :].</summary>
    internal static void Dots<T>(byte* x, long at, long row, int count, long n, float* w, int rank, float* u, float factor) where T : IElement
    {
        for (var i = 0; i < count; i++, at += row, u += rank)
        {
            for (var r = 0; r < rank; r += Step)
            {
                EightDots<T>(x, at, n / 16 * 16, n, w + r * n, u + r);
                for (var k = n / 16 * 16; k < n; k++)
                    for (var j = 0; j < Step; j++) u[r + j] += T.Get(x, at + k) * w[(r + j) * n + k];
                for (var j = 0; j < Step; j++) u[r + j] *= factor;
            }
        }
    }

    private static void EightDots<T>(byte* x, long at, long whole, long n, float* w0, float* u) where T : IElement
    {
        float* w1 = w0 + n, w2 = w1 + n, w3 = w2 + n, w4 = w3 + n, w5 = w4 + n, w6 = w5 + n, w7 = w6 + n;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (var k = 0L; k < whole; k += 16)
        {
            var v = T.Load(x, at + k);
            s0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w0 + k), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w1 + k), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w2 + k), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w3 + k), s3);
            s4 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w4 + k), s4);
            s5 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w5 + k), s5);
            s6 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w6 + k), s6);
            s7 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w7 + k), s7);
        }
        u[0] = Vector512.Sum(s0);
        u[1] = Vector512.Sum(s1);
        u[2] = Vector512.Sum(s2);
        u[3] = Vector512.Sum(s3);
        u[4] = Vector512.Sum(s4);
        u[5] = Vector512.Sum(s5);
        u[6] = Vector512.Sum(s6);
        u[7] = Vector512.Sum(s7);
    }

    /// <summary>out[i, :] = from[i, :] + Σ u[i, r] w[r, :]; without a from, the sum alone. <paramref name="sum"/> has room for a row.</summary>
    internal static void Spread<T>(byte* from, long at, long row, byte* to, long put, int count, long n, float* u, float* w, int rank, float* sum) where T : IElement
    {
        var whole = n / 16 * 16;
        for (var i = 0; i < count; i++, at += row, put += n, u += rank)
        {
            for (var r = 0; r + Step < rank; r += Step) EightSums<F32>(r == 0 ? null : (byte*)sum, 0, (byte*)sum, 0, whole, n, u + r, w + r * n, null);
            var last = rank - Step;
            EightSums<T>(from, at, to, put, whole, n, u + last, w + last * n, last == 0 ? null : sum);
            for (var k = whole; k < n; k++)
            {
                var v = from == null ? 0 : T.Get(from, at + k);
                for (var r = 0; r < rank; r++) v += u[r] * w[r * n + k];
                T.Set(to, put + k, v);
            }
        }
    }

    private static void EightSums<T>(byte* from, long at, byte* to, long put, long whole, long n, float* u, float* w0, float* plus) where T : IElement
    {
        float* w1 = w0 + n, w2 = w1 + n, w3 = w2 + n, w4 = w3 + n, w5 = w4 + n, w6 = w5 + n, w7 = w6 + n;
        Vector512<float> f0 = Vector512.Create(u[0]), f1 = Vector512.Create(u[1]), f2 = Vector512.Create(u[2]), f3 = Vector512.Create(u[3]);
        Vector512<float> f4 = Vector512.Create(u[4]), f5 = Vector512.Create(u[5]), f6 = Vector512.Create(u[6]), f7 = Vector512.Create(u[7]);
        for (var k = 0L; k < whole; k += 16)
        {
            var a = f0 * Vector512.Load(w0 + k);
            var b = f1 * Vector512.Load(w1 + k);
            a = Vector512.FusedMultiplyAdd(f2, Vector512.Load(w2 + k), a);
            b = Vector512.FusedMultiplyAdd(f3, Vector512.Load(w3 + k), b);
            a = Vector512.FusedMultiplyAdd(f4, Vector512.Load(w4 + k), a);
            b = Vector512.FusedMultiplyAdd(f5, Vector512.Load(w5 + k), b);
            a = Vector512.FusedMultiplyAdd(f6, Vector512.Load(w6 + k), a);
            b = Vector512.FusedMultiplyAdd(f7, Vector512.Load(w7 + k), b);
            a += b;
            if (plus != null) a += Vector512.Load(plus + k);
            if (from != null) a += T.Load(from, at + k);
            T.Store(to, put + k, a);
        }
    }

    /// <summary>to[r, :] = factor · Σ over rows of u[i, r] x[i, :].</summary>
    internal static void Outer<T>(byte* x, long at, long row, int count, long n, float* u, int rank, float* to, float factor) where T : IElement
    {
        var whole = n / 16 * 16;
        for (var r = 0; r < rank; r += Step)
        {
            for (var k = 0L; k < whole; k += 16) EightOuters<T>(x, at + k, row, count, u + r, rank, to + r * n + k, n, factor);
            for (var k = whole; k < n; k++)
            {
                for (var j = r; j < r + Step; j++)
                {
                    float sum = 0;
                    for (var i = 0; i < count; i++) sum += u[(long)i * rank + j] * T.Get(x, at + i * row + k);
                    to[j * n + k] = sum * factor;
                }
            }
        }
    }

    private static void EightOuters<T>(byte* x, long at, long row, int count, float* u, int rank, float* to, long n, float factor) where T : IElement
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (var i = 0; i < count; i++, at += row, u += rank)
        {
            var v = T.Load(x, at);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(u[0]), v, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(u[1]), v, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(u[2]), v, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(u[3]), v, s3);
            s4 = Vector512.FusedMultiplyAdd(Vector512.Create(u[4]), v, s4);
            s5 = Vector512.FusedMultiplyAdd(Vector512.Create(u[5]), v, s5);
            s6 = Vector512.FusedMultiplyAdd(Vector512.Create(u[6]), v, s6);
            s7 = Vector512.FusedMultiplyAdd(Vector512.Create(u[7]), v, s7);
        }
        (s0 * factor).Store(to);
        (s1 * factor).Store(to + n);
        (s2 * factor).Store(to + 2 * n);
        (s3 * factor).Store(to + 3 * n);
        (s4 * factor).Store(to + 4 * n);
        (s5 * factor).Store(to + 5 * n);
        (s6 * factor).Store(to + 6 * n);
        (s7 * factor).Store(to + 7 * n);
    }
}
