using AlpacaCot.Kernels;

namespace AlpacaCot.Models;

/// <summary>
/// A projection whose weight is a plain tensor <c>[out, in]</c> (fp32, bf16). A frozen weight goes through <see cref="FrozenLinear"/>, which may
/// keep it in a faster layout; one that is being trained through the plain product.
/// </summary>
public sealed class DenseProjection(Tensor weight, Tensor? bias) : Projection
{
    private readonly Lock _lock = new();
    private FrozenLinear? _frozen, _unbiased;

    /// <inheritdoc/>
    public override int In => (int)weight.size(1);

    /// <inheritdoc/>
    public override int Out => (int)weight.size(0);

    /// <inheritdoc/>
    public override Tensor? Bias => bias;

    /// <summary>The weight <c>[out, in]</c> as stored.</summary>
    public Tensor Weight => weight;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x)
    {
        if (weight.requires_grad || bias is { requires_grad: true })
        {
            Changed();   // a trained weight is another one after every step
            return Functional.Linear(x, weight, bias);
        }
        return Frozen().Forward(x);
    }

    /// <summary>
    /// As <see cref="Forward"/>, with weight and rows rounded to bytes, where that is faster: the weight is frozen, and on a processor that multiplies bytes. The gradient is that of the weight itself.
    /// </summary>
    internal Tensor ForwardInBytes(Tensor x)
        => !ByteMatrix.IsFast || weight.requires_grad || bias is { requires_grad: true } || weight.device_type != DeviceType.CPU ? Forward(x) : Frozen().ForwardInBytes(x);

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x)
    {
        if (bias is null) return Forward(x);
        if (weight.requires_grad || bias.requires_grad) return Functional.Linear(x, weight, null);
        lock (_lock) _unbiased ??= new FrozenLinear(weight, null);
        return _unbiased.Forward(x);
    }

    /// <summary>Whether so many rows are better given to <see cref="Forward"/> than multiplied by the weight where it lies.</summary>
    internal bool Packs(int rows) => FrozenLinear.CanPack && !weight.requires_grad && Frozen().Packs(rows);

    /// <inheritdoc/>
    public override Tensor Dequantise() => weight.detach().to(ScalarType.Float32, copy: true);

    /// <inheritdoc/>
    public override void Replace(Tensor weight, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (bias is not null && Bias is null) throw new ModelException("a bias cannot be merged into a projection without one");
        using var _ = torch.no_grad();
        Weight.copy_(weight);
        if (bias is not null) Bias!.copy_(bias);
        Changed();
    }

    /// <inheritdoc/>
    public override void Dispose() => Changed();

    private FrozenLinear Frozen()
    {
        if (Volatile.Read(ref _frozen) is { } frozen) return frozen;
        lock (_lock) return _frozen ??= new FrozenLinear(weight, bias);
    }

    private void Changed()
    {
        if (_frozen is null && _unbiased is null) return;
        lock (_lock)
        {
            _frozen?.Dispose();
            _unbiased?.Dispose();
            (_frozen, _unbiased) = (null, null);
        }
    }
}
