using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Quantisation;

/// <summary>
/// A frozen projection whose weights are stored in fewer bits than it computes in. A few rows are multiplied straight from the codes; for more, and where
/// a gradient is wanted, the weights are written out for every product and let go of again, in the backward pass once more: what is held is the codes alone.
/// </summary>
internal sealed class QuantisedProjection(QuantisedWeight weight, Tensor? bias, Device device) : Projection
{
    private QuantisedWeight _weight = weight;

    /// <inheritdoc/>
    public override int In => (int)_weight.In;

    /// <inheritdoc/>
    public override int Out => (int)_weight.Out;

    /// <inheritdoc/>
    public override Tensor? Bias => bias;

    /// <summary>The weight as it is held.</summary>
    public QuantisedWeight Held => _weight;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Product(x, bias);

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x) => Product(x, null);

    private Tensor Product(Tensor x, Tensor? added)
    {
        if (_weight.Integers is { } integers) return InIntegers(x, integers, added);
        if (!Autograd.Records(x) && _weight.Product(x) is { } product)
        {
            if (added is null) return product;
            using (product) return product + added;
        }
        Tensor y;
        using (torch.no_grad())
        {
            using var scope = torch.NewDisposeScope();
            y = Functional.Linear(x, Weight(x.dtype), added).MoveToOuterDisposeScope();
        }
        Autograd.Function([x], [y], [], (gradients, _) => [gradients[0] is { } dy ? Functional.Matmul(dy, Weight(dy.dtype)) : null]);
        return y;
    }

    private static Tensor InIntegers(Tensor x, ByteMatrix integers, Tensor? added)
    {
        var y = integers.Times(x, added);
        Autograd.Function([x], [y], [], (gradients, _) => [gradients[0] is { } dy ? integers.TimesTransposed(dy) : null]);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Dequantise() => Weight(ScalarType.Float32);

    /// <inheritdoc/>
    public override void Replace(Tensor weight, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (bias is not null && Bias is null) throw new ModelException("a bias cannot be merged into a projection without one");
        using var _ = torch.no_grad();
        var former = _weight;
        _weight = former.Requantise(weight);
        former.Dispose();
        if (bias is not null) Bias!.copy_(bias);
    }

    /// <inheritdoc/>
    public override void Dispose() => _weight.Dispose();

    private Tensor Weight(ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        return _weight.Plain(device).to(dtype).MoveToOuterDisposeScope();
    }
}
