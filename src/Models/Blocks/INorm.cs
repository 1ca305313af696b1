namespace AlpacaCot.Models.Blocks;

/// <summary>A norm over the last dimension.</summary>
internal interface INorm
{
    /// <summary>Where adapters find it; null where there is nothing to act on.</summary>
    NormSite? Site { get; }

    /// <summary>Norms every row of <c>[..., width]</c>.</summary>
    Tensor Forward(Tensor x);

    /// <summary>The residual stream's sum, and its norm.</summary>
    (Tensor Sum, Tensor Normed) Forward(Residual x);
}

/// <summary>No norm: what has none at this place goes on as it is.</summary>
internal sealed class NoNorm : INorm
{
    public NormSite? Site => null;

    public Tensor Forward(Tensor x) => x;

    public (Tensor Sum, Tensor Normed) Forward(Residual x)
    {
        var sum = x.Sum();
        return (sum, sum);
    }
}
