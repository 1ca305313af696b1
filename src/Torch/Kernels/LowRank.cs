namespace AlpacaCot.Torch.Kernels;

/// <summary>
/// y + s · (x Aᵀ) Bᵀ for a rank of a few (LoRA, Hu et al. 2021) in one pass per direction, fp32 inside, whatever the base's type.
/// With u = s · x Aᵀ: dy flows to y as it is, du = s · dy B, dx = du A, dA = duᵀ x, dB = dyᵀ u.
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
        // u carries the scale: dB is then dyᵀ u as it stands.
        LowRankRows.Dots<T>(c.X, start * c.XRow, c.XRow, count, c.In, c.A, c.R, u, c.Scale);
        LowRankRows.Spread<T>(c.Y, start * c.YRow, c.YRow, c.Out, start * c.N, count, c.N, u, c.Bt, c.R, new Scratch(c.N, 1).Take(c.N));
    }

    private static void BackwardPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long start = (long)part * PerPart;
        var count = (int)Math.Min(PerPart, c.Rows - start);
        if (c.DBt != null) LowRankRows.Outer<T>(c.Dy, start * c.DyRow, c.DyRow, count, c.N, c.U + start * c.R, c.R, c.DBt + part * c.R * c.N, 1);
        if (c.Dx == null && c.DA == null) return;
        var scratch = new Scratch((long)PerPart * c.R + c.In, 2);
        float* du = scratch.Take((long)PerPart * c.R), sum = scratch.Take(c.In);
        LowRankRows.Dots<T>(c.Dy, start * c.DyRow, c.DyRow, count, c.N, c.Bt, c.R, du, c.Scale);
        if (c.Dx != null) LowRankRows.Spread<T>(null, 0, 0, c.Dx, start * c.In, count, c.In, du, c.A, c.R, sum);
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
