using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>Root mean square norm (Zhang and Sennrich 2019): y = x / sqrt(mean(x²) + epsilon) · weight, the statistics in fp32.</summary>
internal sealed class RmsNorm(Tensor weight, double epsilon)
{
    /// <summary>Norms every row of <c>[tokens, width]</c>.</summary>
    public Tensor Forward(Tensor x) => Composed(x, weight, epsilon);

    /// <summary>The definition, from plain operations.</summary>
    internal static Tensor Composed(Tensor x, Tensor weight, double epsilon)
    {
        var wide = x.to(ScalarType.Float32);
        var scale = (wide.mul(wide).mean(-1, keepdim: true) + epsilon).rsqrt();
        return (wide * scale).to(x.dtype) * weight;
    }
}
