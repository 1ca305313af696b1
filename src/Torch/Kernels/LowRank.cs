using System.Runtime.Intrinsics;

namespace AlpacaCot.Torch.Kernels;

/// <summary>
/// y + s · (x Aᵀ) Bᵀ for a rank of a few (LoRA, Hu et al. 2021) in one pass per direction, fp32 inside, whatever the base's type.
/// With u = x Aᵀ: dy flows to y as it is, du = s · dy B, dx = du A, dA = duᵀ x, dB = s · dyᵀ u.
/// </summary>
internal static unsafe class LowRank
{
    /// <summary>Rows of a part; fixed, so that the sums over rows are the same bits whatever the threads.</summary>
    private const int PerPart = 64;

    private const int Step = LowRankRows.Step;

    private struct Context
    {
        internal byte* X, Y, Out, Dy, Dx;
        internal float* A, Bt, U, DA, DBt;
        internal long Rows, In, N, XRow, YRow, DyRow;
        internal int R;
        internal float Scale;
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor y, Tensor x, Tensor a, Tensor b, double scale) =>
        y + (x.to(ScalarType.Float32).matmul(a.t()).matmul(b.t()) * scale).to(y.dtype);

    internal static Tensor Apply(Tensor y, Tensor x, Tensor a, Tensor b, double scale)
    {
        if (a.dim() != 2 || b.dim() != 2 || a.size(0) != b.size(1) || x.size(-1) != a.size(1) || y.size(-1) != b.size(0) || x.dim() != y.dim()
            || x.numel() / Math.Max(1, x.size(-1)) != y.numel() / Math.Max(1, y.size(-1)))
            throw new TorchException($"low_rank_add: y {y}, x {x}, A {a} and B {b} do not fit [rows, out], [rows, in], [r, in] and [out, r]");
        if (x.dim() != 2 || x.numel() == 0 || !Simd.Suits(x, y) || !Simd.Suits(a, b) || a.dtype != ScalarType.Float32) return Reference(y, x, a, b, scale);
        return x.dtype == ScalarType.Float32 ? Run<F32>(y, x, a, b, scale) : Run<BF16>(y, x, a, b, scale);
    }

    private static Tensor Run<T>(Tensor y, Tensor x, Tensor a, Tensor b, double scale) where T : IElement
    {
        Tensor result, u;
        using (torch.no_grad())
        {
            var inner = torch.NewDisposeScope();
            var (from, onto, padded, turned) = (RowMajor(x), RowMajor(y), Pad(a), Pad(b.t()));
            result = torch.empty([y.size(0), y.size(1)], y.dtype).MoveToOuterDisposeScope();
            u = torch.empty([y.size(0), padded.size(0)]).MoveToOuterDisposeScope();
            var context = new Context
            {
                X = (byte*)from.data_ptr(), Y = (byte*)onto.data_ptr(), Out = (byte*)result.data_ptr(),
                A = (float*)padded.data_ptr(), Bt = (float*)turned.data_ptr(), U = (float*)u.data_ptr(),
                Rows = x.size(0), In = x.size(1), N = y.size(1), XRow = from.stride(0), YRow = onto.stride(0), R = (int)padded.size(0), Scale = (float)scale,
            };
            Threads.For(Threads.Parts(context.Rows, PerPart), &Forward<T>, &context);
            inner.Dispose();
        }
        torch.autograd.Custom([y, x, a, b], [result], [x, a, b, u], (grads, saved) =>
            grads[0] is { } dy ? Backward<T>(dy, saved[0]!, saved[1]!, saved[2]!, saved[3]!, (float)scale) : [null, null, null, null]);
        return result;
    }

    private static Tensor?[] Backward<T>(Tensor dy, Tensor x, Tensor a, Tensor b, Tensor u, float scale) where T : IElement
    {
        var (from, d, padded, turned) = (RowMajor(x), RowMajor(dy), Pad(a), Pad(b.t()));
        long rows = x.size(0), r = padded.size(0), rank = a.size(0);
        var parts = Threads.Parts(rows, PerPart);
        var dx = x.requires_grad ? torch.empty([rows, x.size(1)], x.dtype) : null;
        var da = a.requires_grad ? torch.empty([parts, r, x.size(1)]) : null;
        var db = b.requires_grad ? torch.empty([parts, r, dy.size(1)]) : null;
        var context = new Context
        {
            X = (byte*)from.data_ptr(), Dy = (byte*)d.data_ptr(), A = (float*)padded.data_ptr(), Bt = (float*)turned.data_ptr(), U = (float*)u.data_ptr(),
            Dx = dx is null ? null : (byte*)dx.data_ptr(), DA = da is null ? null : (float*)da.data_ptr(), DBt = db is null ? null : (float*)db.data_ptr(),
            Rows = rows, In = x.size(1), N = dy.size(1), XRow = from.stride(0), DyRow = d.stride(0), R = (int)r, Scale = scale,
        };
        Threads.For(parts, &BackwardPart<T>, &context);
        return [dy, dx, da?.sum(0).narrow(0, 0, rank), db?.sum(0).narrow(0, 0, rank).t().contiguous()];
    }

    private static void Forward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long start = (long)part * PerPart;
        var count = (int)Math.Min(PerPart, c.Rows - start);
        var u = c.U + start * c.R;
        LowRankRows.Dots<T>(c.X, start * c.XRow, c.XRow, count, c.In, c.A, c.R, u, 1);
        LowRankRows.Spread<T>(c.Y, start * c.YRow, c.YRow, c.Out, start * c.N, count, c.N, u, c.Bt, c.R, c.Scale);
    }

    private static void BackwardPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long start = (long)part * PerPart;
        var count = (int)Math.Min(PerPart, c.Rows - start);
        if (c.DBt != null) LowRankRows.Outer<T>(c.Dy, start * c.DyRow, c.DyRow, count, c.N, c.U + start * c.R, c.R, c.DBt + part * c.R * c.N, c.Scale);
        if (c.Dx == null && c.DA == null) return;
        var du = new Scratch((long)PerPart * c.R, 1).Take((long)PerPart * c.R);
        LowRankRows.Dots<T>(c.Dy, start * c.DyRow, c.DyRow, count, c.N, c.Bt, c.R, du, c.Scale);
        if (c.Dx != null) LowRankRows.Spread<T>(null, 0, 0, c.Dx, start * c.In, count, c.In, du, c.A, c.R, 1);
        if (c.DA != null) LowRankRows.Outer<T>(c.X, start * c.XRow, c.XRow, count, c.In, du, c.R, c.DA + part * c.R * c.In, 1);
    }

    private static Tensor RowMajor(Tensor x) => x.stride(1) == 1 ? x : x.contiguous();

    /// <summary>Contiguous, with rows of zeros up to a multiple of the rank that is worked on at once.</summary>
    private static Tensor Pad(Tensor a)
    {
        var missing = (Step - a.size(0) % Step) % Step;
        return missing == 0 ? a.detach().contiguous() : a.detach().pad([0, 0, 0, missing]);
    }
}

/// <summary>The three loops of a low-rank product over rows of fp32 or bf16; ranks go eight at a time.</summary>
internal static unsafe class LowRankRows
{
    internal const int Step = 8;

    /// <summary>u[i, r] = factor · Σ x[i, :] w[r, :].</summary>
    internal static void Dots<T>(byte* x, long at, long row, int count, long n, float* w, int rank, float* u, float factor) where T : IElement
    {
        long whole = n / 16 * 16;
        var rest = (int)(n - whole);
        for (var i = 0; i < count; i++, at += row, u += rank)
        {
            for (var r = 0; r < rank; r += Step)
            {
                float* w0 = w + r * n, w1 = w0 + n, w2 = w1 + n, w3 = w2 + n, w4 = w3 + n, w5 = w4 + n, w6 = w5 + n, w7 = w6 + n;
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
                u[r] = Vector512.Sum(s0);
                u[r + 1] = Vector512.Sum(s1);
                u[r + 2] = Vector512.Sum(s2);
                u[r + 3] = Vector512.Sum(s3);
                u[r + 4] = Vector512.Sum(s4);
                u[r + 5] = Vector512.Sum(s5);
                u[r + 6] = Vector512.Sum(s6);
                u[r + 7] = Vector512.Sum(s7);
                for (var k = whole; k < whole + rest; k++)
                    for (var j = 0; j < Step; j++) u[r + j] += T.Get(x, at + k) * w[(r + j) * n + k];
                for (var j = 0; j < Step; j++) u[r + j] *= factor;
            }
        }
    }

    /// <summary>out[i, :] = from[i, :] + factor · Σ u[i, r] w[r, :]; without a from, the sum alone.</summary>
    internal static void Spread<T>(byte* from, long at, long row, byte* to, long put, int count, long n, float* u, float* w, int rank, float factor) where T : IElement
    {
        for (var i = 0; i < count; i++, at += row, put += n, u += rank)
        {
            for (var k = 0L; k < n; k += 16)
            {
                var rest = (int)Math.Min(16, n - k);
                Vector512<float> even = default, odd = default;
                if (rest == 16)
                {
                    for (var r = 0; r < rank; r += 2)
                    {
                        even = Vector512.FusedMultiplyAdd(Vector512.Create(u[r]), Vector512.Load(w + r * n + k), even);
                        odd = Vector512.FusedMultiplyAdd(Vector512.Create(u[r + 1]), Vector512.Load(w + (r + 1) * n + k), odd);
                    }
                    var sum = (even + odd) * factor;
                    T.Store(to, put + k, from == null ? sum : T.Load(from, at + k) + sum);
                    continue;
                }
                for (var r = 0; r < rank; r++) even += u[r] * Simd.LoadTail<F32>(w, r * n + k, rest);
                even *= factor;
                Simd.StoreTail<T>(to, put + k, rest, from == null ? even : Simd.LoadTail<T>(from, at + k, rest) + even);
            }
        }
    }

    /// <summary>to[r, :] = factor · Σ over rows of u[i, r] x[i, :].</summary>
    internal static void Outer<T>(byte* x, long at, long row, int count, long n, float* u, int rank, float* to, float factor) where T : IElement
    {
        for (var r = 0; r < rank; r += Step)
        {
            for (var k = 0L; k < n; k += 16)
            {
                var rest = (int)Math.Min(16, n - k);
                Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
                for (var i = 0; i < count; i++)
                {
                    var v = rest == 16 ? T.Load(x, at + i * row + k) : Simd.LoadTail<T>(x, at + i * row + k, rest);
                    var f = u + (long)i * rank + r;
                    s0 = Vector512.FusedMultiplyAdd(Vector512.Create(f[0]), v, s0);
                    s1 = Vector512.FusedMultiplyAdd(Vector512.Create(f[1]), v, s1);
                    s2 = Vector512.FusedMultiplyAdd(Vector512.Create(f[2]), v, s2);
                    s3 = Vector512.FusedMultiplyAdd(Vector512.Create(f[3]), v, s3);
                    s4 = Vector512.FusedMultiplyAdd(Vector512.Create(f[4]), v, s4);
                    s5 = Vector512.FusedMultiplyAdd(Vector512.Create(f[5]), v, s5);
                    s6 = Vector512.FusedMultiplyAdd(Vector512.Create(f[6]), v, s6);
                    s7 = Vector512.FusedMultiplyAdd(Vector512.Create(f[7]), v, s7);
                }
                var put = to + r * n + k;
                Put(put, s0 * factor, rest);
                Put(put + n, s1 * factor, rest);
                Put(put + 2 * n, s2 * factor, rest);
                Put(put + 3 * n, s3 * factor, rest);
                Put(put + 4 * n, s4 * factor, rest);
                Put(put + 5 * n, s5 * factor, rest);
                Put(put + 6 * n, s6 * factor, rest);
                Put(put + 7 * n, s7 * factor, rest);
            }
        }
    }

    private static void Put(float* to, Vector512<float> v, int rest)
    {
        if (rest == 16) v.Store(to);
        else Simd.StoreTail<F32>(to, 0, rest, v);
    }
}
