using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Lora;

/// <summary>
/// PiSSA (Meng et al., 2024, <c>arXiv:2404.02948</c>): A and B start as the weight's principal components, and what they start as is taken from the base:
/// <code>W = U S Vᵀ        A₀ = √(S_r / s) V_rᵀ        B₀ = U_r √(S_r / s)        y = W x + b − s · B₀ A₀ x + s · B A x</code>
/// The base stays whole, so that others can share it. A file holds A and B alone: the decomposition is made again where it is loaded. With
/// <c>pissa_niter_N</c> the components are estimated, by N iterations of a random subspace of r columns (Halko et al., 2011, <c>arXiv:0909.4061</c>,
/// algorithms 4.4 and 5.1), which is faster on wide weights and the nearer to exact the larger N; the subspace's seed is always the same one, so that loading finds the same components.
/// </summary>
internal sealed class PissaLayer : LoraLayer
{
    private readonly Tensor _a0, _b0;

    private PissaLayer(ProjectionSite site, Tensor a, Tensor b, double scaling, (Tensor A, Tensor B) start) : base(site, a, b, scaling) => (_a0, _b0) = start;

    /// <summary>Decomposes the weight; A and B start as the components where they are fresh, and are about to be filled from a file otherwise.</summary>
    /// <param name="site">The projection.</param>
    /// <param name="a">A <c>[r, in]</c>.</param>
    /// <param name="b">B <c>[out, r]</c>.</param>
    /// <param name="scaling">s.</param>
    /// <param name="iterations">Iterations of the estimate; null for the exact decomposition.</param>
    /// <param name="fresh">Whether A and B start as the components.</param>
    public static PissaLayer Create(ProjectionSite site, Tensor a, Tensor b, double scaling, int? iterations, bool fresh)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var r = a.size(0);
        if (r > Math.Min(site.Weights.In, site.Weights.Out)) throw new AdapterException($"pissa: the rank {r} is above the width {Math.Min(site.Weights.In, site.Weights.Out)} of {site.Path}, which has no more components");
        // In fp64: the library's last bits depend on where the weight lies in memory, and a resumed training must begin with the same components.
        var weight = site.Weights.Dequantise().to(torch.float64);
        var (u, s, vt) = iterations is { } count ? Estimate(weight, r, count) : torch.linalg.svd(weight, fullMatrices: false);
        var root = (s.narrow(0, 0, r) / scaling).sqrt();
        var a0 = (root.unsqueeze(1) * vt.narrow(0, 0, r)).to(torch.float32).contiguous().DetachFromDisposeScope();
        var b0 = (u.narrow(1, 0, r) * root).to(torch.float32).contiguous().DetachFromDisposeScope();
        if (fresh)
        {
            a.copy_(a0);
            b.copy_(b0);
        }
        return new PissaLayer(site, a, b, scaling, (a0, b0));
    }

    public override Tensor Forward(Tensor x, Tensor y, RowMask? dropout)
        => base.Forward(x, Functional.AddMatmul(y, Functional.Matmul(x, _a0.to(x.dtype).t()), _b0.to(x.dtype).t(), -Scaling), dropout);

    public override void Forward(Rows x, Rows y)
    {
        RowFunctional.LowRank(x, _a0, _b0, -Scaling, y);
        base.Forward(x, y);
    }

    public override (Tensor Weight, Tensor? Bias) Merge() => (Site.Weights.Dequantise() - torch.mm(_b0, _a0) * Scaling + Delta(), Site.Weights.Bias);

    // A' = [A; A₀], B' = [B, −B₀]: a plain LoRA of twice the rank over the whole base.
    public override (Tensor A, Tensor B) Factors => (torch.cat([A, _a0], 0), torch.cat([B, -_b0], 1));

    // The range of W, found by multiplying a random matrix by it again and again; orthonormal after each product, as the columns would all turn into the first component.
    private static (Tensor U, Tensor S, Tensor Vt) Estimate(Tensor weight, long r, int iterations)
    {
        using var generator = new Generator(0);
        var range = Orthonormal(weight.mm(torch.randn([weight.size(1), r], torch.float64, generator: generator).to(weight.device)));
        for (var i = 0; i < iterations; i++) range = Orthonormal(weight.mm(Orthonormal(weight.t().mm(range))));
        var (u, s, vt) = torch.linalg.svd(range.t().mm(weight), fullMatrices: false);
        return (range.mm(u), s, vt);
    }

    private static Tensor Orthonormal(Tensor columns) => torch.linalg.qr(columns).Q;

    public override void Dispose()
    {
        _a0.Dispose();
        _b0.Dispose();
    }
}
