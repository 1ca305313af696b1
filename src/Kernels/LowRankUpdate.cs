namespace AlpacaCot.Kernels;

/// <summary>
/// y + s · f(x Aᵀ) Bᵀ with a gradient for all four, as one node; f is nothing (LoRA) or a function (bottleneck adapters). The factors stay in fp32, as they are trained, whatever
/// type x has. y may be x itself. With dropout x's elements are dropped again for the backward pass, not kept; what stays is scaled up in fp32.
/// </summary>
internal static unsafe class LowRankUpdate
{
    // Beyond, oneDNN's products pay for their preparation.
    private const int MostRank = 64;

    // The widest bottleneck that goes through the kernel: where registers are few, its rows would each read all of a matrix that the cache next to them does not hold.
    private static int MostSize => Simd.IsWide ? 1024 : MostRank;

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor a, Tensor b, double scaling, Tensor y) => LowRankRows.Reference(x, a, b, scaling, y);

    internal static Tensor Apply(Tensor x, Tensor a, Tensor b, double scaling, Tensor y, RowMask? dropout = null)
    {
        if (Suits(x, a, b, y, MostRank)) return Run(x, a, b, scaling, y, MiddleFunction.None, dropout);
        if (dropout is not null) x = dropout.Apply(x);
        return x.device_type == DeviceType.CUDA && x.dim() == 2 && y.dim() == 2 && y.dtype == x.dtype
            ? ByProducts(x, a, b, scaling, y)
            : Functional.AddMatmul(y, Functional.Matmul(x, a.to(x.dtype).t()), b.to(x.dtype).t(), scaling);
    }

    /// <summary>With a function between the products, all in fp32 but for x and y.</summary>
    internal static Tensor Apply(Tensor x, Tensor a, Tensor b, double scaling, Tensor y, MiddleFunction function, RowMask? dropout = null)
    {
        if (Suits(x, a, b, y, MostSize)) return Run(x, a, b, scaling, y, function, dropout);
        var input = x.to(float32);
        return (y + function.Of((dropout?.Apply(input) ?? input).mm(a.t())).mm(b.t()) * scaling).to(y.dtype);
    }

    private static Tensor Run(Tensor x, Tensor a, Tensor b, double scaling, Tensor y, MiddleFunction function, RowMask? dropout)
    {
        var (rows, rank, width, outWidth, type, s, kept) = (x.size(0), (int)a.size(0), (int)x.size(1), (int)y.size(1), x.dtype, (float)scaling, dropout?.Scale ?? 1);
        // Where x is y and all of it goes in, its gradient is one sum.
        var (single, inPlace, inner) = (type == float32, ReferenceEquals(x, y) && dropout is null, function != MiddleFunction.None);
        Tensor sum, middle;
        Tensor? before;
        using (no_grad())
        using (var scope = NewDisposeScope())
        {
            // What is added is s · middle Bᵀ; the gradient of B needs the middle alone, so s goes with the other factor.
            var up = Turned(b, s);
            (middle, sum) = (empty([rows, rank], float32).MoveToOuterDisposeScope(), empty_like(y).MoveToOuterDisposeScope());
            before = inner ? empty([rows, rank], float32).MoveToOuterDisposeScope() : null;
            Tensor xs = dropout?.Zero(x) ?? x.contiguous(), ys = y.contiguous(), down = a.contiguous();
            LowRankKernel.Rows(single, new LowRankKernel.Context
            {
                X = (byte*)xs.Pointer(), Y = (byte*)ys.Pointer(), Into = (byte*)sum.Pointer(), Down = (float*)down.Pointer(), Up = (float*)up.Pointer(),
                Middle = (float*)middle.Pointer(), Inner = before is null ? null : (float*)before.Pointer(), Function = function,
                Rows = rows, Width = width, OutWidth = outWidth, Rank = rank, Scale = kept,
            });
        }
        if (!Autograd.Records(x, a, b, y)) return sum;
        var (forX, forA, forB) = (x.requires_grad, a.requires_grad, b.requires_grad);
        Autograd.Function([x, a, b, y], [sum], [forA ? x : null, a, b, forB ? middle : null, before], (gradients, saved) =>
        {
            if (gradients[0] is not { } dy) return new Tensor?[4];
            Tensor?[] result = [null, null, null, inPlace ? null : dy];
            var dys = dy.contiguous();
            if (forX || forA)
            {
                Tensor down = saved[1]!.contiguous(), up = Turned(saved[2]!, s), back = empty([rows, rank], float32);
                var dx = forX ? empty([rows, width], type) : null;
                LowRankKernel.Rows(single, new LowRankKernel.Context
                {
                    X = (byte*)dys.Pointer(), Y = inPlace ? (byte*)dys.Pointer() : null, Into = dx is null ? null : (byte*)dx.Pointer(), Down = (float*)up.Pointer(), Up = (float*)down.Pointer(),
                    Middle = (float*)back.Pointer(), Inner = inner ? (float*)saved[4]!.Pointer() : null, Slope = function,
                    Rows = rows, Width = outWidth, OutWidth = width, Rank = rank, Scale = kept,
                });
                if (dx is not null) dropout?.ZeroInPlace(dx);
                result[0] = dx;
                if (forA) result[1] = Sums(dropout?.Zero(saved[0]!) ?? saved[0]!.contiguous(), back, 1, single, turned: false);
            }
            if (forB) result[2] = Sums(dys, saved[3]!, s, single, turned: true);
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

    // s · Bᵀ.
    private static Tensor Turned(Tensor b, float s)
    {
        var (columns, rank) = (b.size(0), b.size(1));
        var turned = empty([rank, columns], float32);
        LowRankKernel.Turn((float*)b.contiguous().Pointer(), (int)columns, (int)rank, s, (float*)turned.Pointer());
        return turned;
    }

    // scale · middleᵀ x, or its transpose.
    private static Tensor Sums(Tensor x, Tensor middle, float scale, bool single, bool turned)
    {
        var (rank, width) = (middle.size(1), x.size(1));
        var sums = empty(turned ? [width, rank] : [rank, width], float32);
        LowRankKernel.Columns(single, new LowRankKernel.Context
        {
            X = (byte*)x.Pointer(), Middle = (float*)middle.Pointer(), Sums = (float*)sums.Pointer(), Turned = turned,
            Rows = x.size(0), Width = (int)width, Rank = (int)rank, Scale = scale,
        });
        return sums;
    }

    private static bool Suits(Tensor x, Tensor a, Tensor b, Tensor y, int mostRank)
        => Simd.Suits(x, y) && x.dim() == 2 && y.dim() == 2 && x.size(0) == y.size(0) && x.numel() > 0 && y.numel() > 0
            && a.dtype == float32 && b.dtype == float32 && a.device_type == DeviceType.CPU && b.device_type == DeviceType.CPU
            && a.size(0) > 0 && a.size(0) <= mostRank && a.size(1) == x.size(1) && b.size(0) == y.size(1) && b.size(1) == a.size(0);
}
