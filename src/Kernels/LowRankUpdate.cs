namespace AlpacaCot.Kernels;

/// <summary>
/// y + s · x Aᵀ Bᵀ with a gradient for all four, as one node. The factors stay in fp32, as they are trained, whatever type x has.
/// </summary>
internal static unsafe class LowRankUpdate
{
    // Beyond, oneDNN's products pay for their preparation.
    private const int MostRank = 64;

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor a, Tensor b, double scaling, Tensor y) => LowRankRows.Reference(x, a, b, scaling, y);

    internal static Tensor Apply(Tensor x, Tensor a, Tensor b, double scaling, Tensor y)
    {
        if (x.device_type == DeviceType.CUDA && x.dim() == 2 && y.dim() == 2 && y.dtype == x.dtype) return ByProducts(x, a, b, scaling, y);
        if (!Suits(x, a, b, y)) return Functional.AddMatmul(y, Functional.Matmul(x, a.to(x.dtype).t()), b.to(x.dtype).t(), scaling);
        var (rows, rank, width, outWidth, type, s) = (x.size(0), (int)a.size(0), (int)x.size(1), (int)y.size(1), x.dtype, (float)scaling);
        var single = type == float32;
        Tensor sum, middle;
        using (no_grad())
        using (var scope = NewDisposeScope())
        {
            // What is added is s · middle Bᵀ; the gradient of B needs the middle alone, so s goes with the other factor.
            // Not in place: the transpose of a single column is contiguous already, and would be the parameter itself.
            var up = b.t().mul(s).contiguous();
            (middle, sum) = (empty([rows, rank], float32).MoveToOuterDisposeScope(), empty_like(y).MoveToOuterDisposeScope());
            Tensor xs = x.contiguous(), ys = y.contiguous(), down = a.contiguous();
            LowRankKernel.Rows(single, new LowRankKernel.Context
            {
                X = (byte*)xs.Pointer(), Y = (byte*)ys.Pointer(), Into = (byte*)sum.Pointer(), Down = (float*)down.Pointer(), Up = (float*)up.Pointer(),
                Middle = (float*)middle.Pointer(), Rows = rows, Width = width, OutWidth = outWidth, Rank = rank, Scale = 1,
            });
        }
        if (!Autograd.Records(x, a, b, y)) return sum;
        var (forX, forA, forB) = (x.requires_grad, a.requires_grad, b.requires_grad);
        Autograd.Function([x, a, b, y], [sum], [forA ? x : null, a, b, forB ? middle : null], (gradients, saved) =>
        {
            if (gradients[0] is not { } dy) return new Tensor?[4];
            Tensor?[] result = [null, null, null, dy];
            var dys = dy.contiguous();
            if (forX || forA)
            {
                Tensor down = saved[1]!.contiguous(), up = saved[2]!.t().contiguous(), back = empty([rows, rank], float32);
                var dx = forX ? empty([rows, width], type) : null;
                LowRankKernel.Rows(single, new LowRankKernel.Context
                {
                    X = (byte*)dys.Pointer(), Into = dx is null ? null : (byte*)dx.Pointer(), Down = (float*)up.Pointer(), Up = (float*)down.Pointer(),
                    Middle = (float*)back.Pointer(), Rows = rows, Width = outWidth, OutWidth = width, Rank = rank, Scale = s,
                });
                result[0] = dx;
                if (forA) result[1] = Sums(saved[0]!.contiguous(), back, 1, single);
            }
            if (forB) result[2] = Sums(dys, saved[3]!, s, single).t().contiguous();
            return result;
        });
        return sum;
    }

    /// <summary>By libtorch's products, in x's type, with as few of them as there can be: on a GPU each costs more to ask for than to compute.</summary>
    internal static Tensor ByProducts(Tensor x, Tensor a, Tensor b, double scaling, Tensor y)
    {
        Tensor sum, down, up, middle;
        using (no_grad())
        {
            (down, up) = (a.to(x.dtype), (b * scaling).to(x.dtype));
            middle = x.mm(down.t());
            sum = y.addmm(middle, up.t());
        }
        if (!Autograd.Records(x, a, b, y)) return sum;
        var (forX, forA, forB) = (x.requires_grad, a.requires_grad, b.requires_grad);
        Autograd.Function([x, a, b, y], [sum], [forA ? x : null, down, up, forB ? middle : null], (gradients, saved) =>
        {
            if (gradients[0] is not { } dy) return new Tensor?[4];
            Tensor?[] result = [null, null, null, dy];
            if (forX || forA)
            {
                var back = dy.mm(saved[2]!);
                if (forX) result[0] = back.mm(saved[1]!);
                if (forA) result[1] = back.t().mm(saved[0]!).to(float32);
            }
            if (forB) result[2] = dy.t().mm(saved[3]!).to(float32) * scaling;
            return result;
        });
        return sum;
    }

    // scale · middleᵀ x.
    private static Tensor Sums(Tensor x, Tensor middle, float scale, bool single)
    {
        var sums = empty([middle.size(1), x.size(1)], float32);
        LowRankKernel.Columns(single, new LowRankKernel.Context
        {
            X = (byte*)x.Pointer(), Middle = (float*)middle.Pointer(), Sums = (float*)sums.Pointer(), Rows = x.size(0), Width = (int)x.size(1), Rank = (int)middle.size(1), Scale = scale,
        });
        return sums;
    }

    private static bool Suits(Tensor x, Tensor a, Tensor b, Tensor y)
        => Simd.Suits(x, y) && x.dim() == 2 && y.dim() == 2 && x.size(0) == y.size(0) && x.numel() > 0 && y.numel() > 0
            && a.dtype == float32 && b.dtype == float32 && a.device_type == DeviceType.CPU && b.device_type == DeviceType.CPU
            && a.size(0) is > 0 and <= MostRank && a.size(1) == x.size(1) && b.size(0) == y.size(1) && b.size(1) == a.size(0);
}
