using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Root mean square norm (Zhang and Sennrich 2019): y = x / sqrt(mean(x²) + epsilon) · weight, the statistics in fp32; or · (1 + weight), as Gemma
/// stores it.
/// </summary>
internal sealed class RmsNorm(string path, Tensor weight, double epsilon, bool plusOne = false) : NormSite(path), INorm
{
    public NormSite Site => this;

    public override Tensor Weight => weight;

    public override Tensor? Bias => null;

    /// <summary>Whether the factor is one more than the weight.</summary>
    public bool PlusOne => plusOne;

    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias) => Functional.RmsNorm(x, (plusOne ? weight + 1 : weight).to(x.dtype), epsilon);

    /// <summary>Norms every row of <c>[tokens, width]</c>.</summary>
    public Tensor Forward(Tensor x) => Functional.RmsNorm(x, Factor(), epsilon);

    /// <summary>Norms a few rows into others, without a gradient.</summary>
    public void Forward(Rows x, Rows y) => RowFunctional.RmsNorm(x, weight, epsilon, y);

    /// <summary>The residual stream's sum, and its norm.</summary>
    public (Tensor Sum, Tensor Normed) Forward(Residual x)
        => x.Update is { } update ? Functional.AddRmsNorm(x.Stream, update, Factor(), epsilon) : (x.Stream, Forward(x.Stream));

    private Tensor Factor() => plusOne ? weight + 1 : weight;
}
