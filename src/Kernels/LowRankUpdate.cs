namespace AlpacaCot.Kernels;

/// <summary>
/// y + s · x Aᵀ Bᵀ with a gradient for all four, as one node: the factors are converted to x's type once, for both directions, and no operator of the graph
/// stands between.
/// </summary>
internal static class LowRankUpdate
{
    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor a, Tensor b, double scaling, Tensor y)
        => y.addmm(x.mm(a.to(x.dtype).t()), b.to(x.dtype).t(), alpha: (float)scaling);

    internal static Tensor Apply(Tensor x, Tensor a, Tensor b, double scaling, Tensor y)
    {
        if (!Autograd.Records(x, a, b, y)) return Sum(y, Products.Times(x, a.to(x.dtype)), b.to(x.dtype), scaling);
        Tensor sum, down, a2, b2;
        using (no_grad())
        {
            (a2, b2) = (a.detach().to(x.dtype), b.detach().to(x.dtype));
            down = Products.Times(x, a2);
            sum = Sum(y, down, b2, scaling);
        }
        var (forX, forA, forB, type) = (x.requires_grad, a.requires_grad, b.requires_grad, a.dtype);
        Autograd.Function([x, a, b, y], [sum], [forA ? x : null, a2, b2, forB ? down : null], (gradients, saved) =>
        {
            if (gradients[0] is not { } dy) return new Tensor?[4];
            Tensor?[] result = [null, null, null, dy];
            if (forX || forA)
            {
                var middle = Products.Times(dy, saved[2]!.t()).mul_((float)scaling);
                if (forX) result[0] = Products.Times(middle, saved[1]!.t());
                if (forA) result[1] = Products.Times(middle.t(), saved[0]!.t()).to(type);
            }
            if (forB) result[2] = Products.Times(dy.t(), saved[3]!.t()).mul_((float)scaling).to(type);
            return result;
        });
        return sum;
    }

    private static Tensor Sum(Tensor y, Tensor down, Tensor b, double scaling)
        => Products.Suits(down, b) ? y.add(Products.Times(down, b), alpha: (float)scaling) : y.addmm(down, b.t(), alpha: (float)scaling);
}
