using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Lora;

/// <summary>
/// DoRA (Liu et al., 2024, <c>arXiv:2402.09353</c>): direction and magnitude of each row of the weight are trained apart:
/// <code>y = b + (m / n) ⊙ (W x + s · B A x)        n = row norms of W + s · B A, a constant in the backward pass        m [out] starts as n</code>
/// With dropout d: <c>y = W x + b + (m / n − 1) ⊙ W d(x) + (m / n) ⊙ s · B A d(x)</c>. Merged: W' = (m / n) ⊙ (W + s · B A). The norms are those of the
/// dequantised weight where it is held in fewer bits, and are computed once per optimiser step.
/// </summary>
internal sealed class DoraLayer(ProjectionSite site, Tensor a, Tensor b, double scaling, Tensor magnitude) : LoraLayer(site, a, b, scaling)
{
    private Tensor? _norms, _rowFactors;

    public override IEnumerable<(string Key, Tensor Value)> Parameters => [.. base.Parameters, ("lora_magnitude_vector", magnitude)];

    public override Tensor Forward(Tensor x, Tensor y, RowMask? dropout)
    {
        var factors = magnitude / Norms();
        var own = Site.Weights.Bias is { } b ? b.to(y.dtype) : null;
        var product = own is null ? y : y - own;
        if (dropout is null) product = Scaled(x, product);
        else
        {
            var dropped = dropout.Apply(x);
            var ofDropped = Site.Weights.Multiply(dropped);
            product = product - ofDropped + Scaled(dropped, ofDropped);
        }
        return own is null ? product : product + own;

        Tensor Scaled(Tensor input, Tensor rows) => Functional.ScaleRows(Functional.LowRank(input, A, B, Scaling, rows), factors);
    }

    public override bool ActsInPlace => Site.Weights.Bias is null;

    public override void Forward(Rows x, Rows y)
    {
        if (!ActsInPlace)
        {
            y.Set(Forward(x.Tensor, y.Tensor, null));
            return;
        }
        base.Forward(x, y);
        RowFunctional.Scale(y, RowFactors());
    }

    public override (Tensor Weight, Tensor? Bias) Merge() => ((magnitude / Norms()).unsqueeze(1) * (Site.Weights.Dequantise() + Delta()), Site.Weights.Bias);

    /// <summary>Lets the magnitudes start as the norms, so that the adapter starts as the base.</summary>
    public void Start()
    {
        using var frozen = torch.no_grad();
        magnitude.copy_(Norms());
    }

    public override void ValuesChanged()
    {
        _norms?.Dispose();
        _rowFactors?.Dispose();
        _norms = _rowFactors = null;
    }

    public override void Dispose() => ValuesChanged();

    private Tensor Norms()
    {
        if (_norms is not null) return _norms;
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        return _norms = (Site.Weights.Dequantise() + Delta()).norm(1, keepdim: false, p: 2).DetachFromDisposeScope();
    }

    // m / n where nothing is trained.
    private Tensor RowFactors()
    {
        if (_rowFactors is not null) return _rowFactors;
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        return _rowFactors = (magnitude / Norms()).DetachFromDisposeScope();
    }
}
