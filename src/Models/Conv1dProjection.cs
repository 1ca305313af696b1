using AlpacaCot.Kernels;

namespace AlpacaCot.Models;

/// <summary>GPT-2's projection: its weight lies as <c>[in, out]</c> in file and memory.</summary>
internal sealed class Conv1dProjection(Tensor stored, Tensor? bias) : Projection
{
    /// <inheritdoc/>
    public override int In => (int)stored.size(0);

    /// <inheritdoc/>
    public override int Out => (int)stored.size(1);

    /// <inheritdoc/>
    public override Tensor? Bias => bias;

    /// <inheritdoc/>
    public override bool StoredTurned => true;

    // A view of each forward pass's own: one that was made before training began would let no gradient through.
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Functional.Linear(x, stored.t(), bias);

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x) => Functional.Linear(x, stored.t());

    /// <inheritdoc/>
    public override Tensor Dequantise() => stored.detach().t().to(ScalarType.Float32, copy: true);

    /// <inheritdoc/>
    public override void Replace(Tensor weight, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (bias is not null && Bias is null) throw new ModelException("a bias cannot be merged into a projection without one");
        using var _ = torch.no_grad();
        stored.copy_(weight.t());
        if (bias is not null) Bias!.copy_(bias);
    }

    /// <inheritdoc/>
    public override void Dispose() { }
}
