using AlpacaCot.Torch;

namespace AlpacaCot.Models;

/// <summary>A projection whose weight is a plain tensor <c>[out, in]</c> (fp32, bf16).</summary>
public sealed class DenseProjection(Tensor weight, Tensor? bias) : Projection
{
    /// <inheritdoc/>
    public override int In => (int)weight.size(1);

    /// <inheritdoc/>
    public override int Out => (int)weight.size(0);

    /// <inheritdoc/>
    public override Tensor? Bias => bias;

    /// <summary>The weight <c>[out, in]</c> as stored.</summary>
    public Tensor Weight => weight;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => torch.functional.linear(x, weight, bias);

    /// <inheritdoc/>
    public override Tensor Dequantise() => weight.detach().to(ScalarType.Float32, copy: true);

    /// <inheritdoc/>
    public override void Replace(Tensor weight, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weight);
        using var _ = torch.no_grad();
        Weight.copy_(weight);
        if (bias is not null && Bias is null) throw new ModelException("a bias cannot be merged into a projection without one");
        if (bias is not null) Bias!.copy_(bias);
    }
}
