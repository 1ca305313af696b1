using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.OwnWeights;

/// <summary>What a member has of a module of the base as its own: copies in fp32 that are trained.</summary>
/// <param name="Path">The module's path.</param>
/// <param name="Weight">The weight as it lies in the file; null where the base's is kept.</param>
/// <param name="Bias">The bias; null where the base's is kept, or there is none.</param>
/// <param name="Turned">Whether the weight lies as <c>[in, out]</c>.</param>
internal sealed record OwnModule(string Path, Tensor? Weight, Tensor? Bias, bool Turned = false)
{
    /// <summary>The weight <c>[out, in]</c>.</summary>
    public Tensor Matrix => Turned ? Weight!.t() : Weight!;

    /// <summary>y = W' x + b' where the weight is its own; y − b + b' where the bias alone is.</summary>
    public Tensor Project(Tensor x, Tensor y, Tensor? bias) => Weight is null
        ? y + (Bias! - bias!).to(y.dtype)
        : Functional.Linear(x, Matrix.to(x.dtype), (Bias ?? bias)?.to(x.dtype)).to(y.dtype);

    /// <summary>The norm of its own.</summary>
    public Tensor Norm(NormSite site, Tensor x) => site.Apply(x, (Weight ?? site.Weight).to(x.dtype), (Bias ?? site.Bias)?.to(x.dtype));
}
