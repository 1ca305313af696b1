using AlpacaCot.Kernels;

namespace AlpacaCot.Models;

/// <summary>Baichuan 2's head: every row of the weight counts with length one, y = x (W / max(‖row‖, 10⁻¹²))ᵀ; what is stored are the rows as they are.</summary>
internal sealed class NormalisedProjection(Tensor weight) : Projection
{
    private readonly Lock _lock = new();
    private DenseProjection? _frozen;
    private Tensor? _rows;

    /// <inheritdoc/>
    public override int In => (int)weight.size(1);

    /// <inheritdoc/>
    public override int Out => (int)weight.size(0);

    /// <inheritdoc/>
    public override Tensor? Bias => null;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x)
    {
        if (weight.requires_grad)
        {
            Dispose();   // a trained weight is another one after every step
            return Functional.Linear(x, Rows());
        }
        lock (_lock)
        {
            if (_frozen is null)
            {
                using var _ = torch.no_grad();
                using var scope = torch.NewDisposeScope();
                _rows = Rows().DetachFromDisposeScope();
                _frozen = new DenseProjection(_rows, null);
            }
        }
        return _frozen.Forward(x);
    }

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x) => Forward(x);

    /// <inheritdoc/>
    public override Tensor Dequantise()
    {
        using var scope = torch.NewDisposeScope();
        return Rows().detach().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void Replace(Tensor weightToStore, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weightToStore);
        using var _ = torch.no_grad();
        weight.copy_(weightToStore);
        Dispose();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_lock)
        {
            _frozen?.Dispose();
            _rows?.Dispose();
            (_frozen, _rows) = (null, null);
        }
    }

    private Tensor Rows() => weight / weight.norm(1, keepdim: true, p: 2).clamp_min(1e-12);
}
