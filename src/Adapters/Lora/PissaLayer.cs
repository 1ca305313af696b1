using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Lora;

/// <summary>
/// PiSSA (Meng et al., 2024, <c>arXiv:2404.02948</c>): A and B start as the weight's principal components, and what they start as is taken from the base:
/// <code>W = U S Vᵀ        A₀ = √(S_r / s) V_rᵀ        B₀ = U_r √(S_r / s)        y = W x + b − s · B₀ A₀ x + s · B A x</code>
/// The base stays whole, so that others can share it. A file holds A and B alone: the decomposition is made again where it is loaded.
/// </summary>
internal sealed class PissaLayer : LoraLayer
{
    private readonly Tensor _a0, _b0;

    private PissaLayer(ProjectionSite site, Tensor a, Tensor b, double scaling, Tensor? bias, (Tensor A, Tensor B) start) : base(site, a, b, scaling, bias) => (_a0, _b0) = start;

    /// <summary>Decomposes the weight; A and B start as the components where they are fresh, and are about to be filled from a file otherwise.</summary>
    public static PissaLayer Create(ProjectionSite site, Tensor a, Tensor b, double scaling, Tensor? bias, bool fresh)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var r = a.size(0);
        if (r > Math.Min(site.Weights.In, site.Weights.Out)) throw new AdapterException($"pissa: the rank {r} is above the width {Math.Min(site.Weights.In, site.Weights.Out)} of {site.Path}, which has no more components");
        // In fp64: the library's last bits depend on where the weight lies in memory, and a resumed training must begin with the same components.
        var (u, s, vt) = torch.linalg.svd(site.Weights.Dequantise().to(torch.float64), fullMatrices: false);
        var root = (s.narrow(0, 0, r) / scaling).sqrt();
        var a0 = (root.unsqueeze(1) * vt.narrow(0, 0, r)).to(torch.float32).contiguous().DetachFromDisposeScope();
        var b0 = (u.narrow(1, 0, r) * root).to(torch.float32).contiguous().DetachFromDisposeScope();
        if (fresh)
        {
            a.copy_(a0);
            b.copy_(b0);
        }
        return new PissaLayer(site, a, b, scaling, bias, (a0, b0));
    }

    public override Tensor Forward(Tensor x, Tensor dropped, Tensor y)
        => base.Forward(x, dropped, y.addmm(torch.mm(x, _a0.to(x.dtype).t()), _b0.to(x.dtype).t(), alpha: -(float)Scaling));

    public override void Forward(Rows x, Rows y)
    {
        RowFunctional.LowRank(x, _a0, _b0, -Scaling, y);
        base.Forward(x, y);
    }

    public override (Tensor Weight, Tensor? Bias) Merge() => (Site.Weights.Dequantise() - torch.mm(_b0, _a0) * Scaling + Delta(), Bias ?? Site.Weights.Bias);

    // A' = [A; A₀], B' = [B, −B₀]: a plain LoRA of twice the rank over the whole base.
    public override (Tensor A, Tensor B) Factors => (torch.cat([A, _a0], 0), torch.cat([B, -_b0], 1));

    public override void Dispose()
    {
        _a0.Dispose();
        _b0.Dispose();
    }
}
