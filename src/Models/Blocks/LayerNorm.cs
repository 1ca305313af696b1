namespace AlpacaCot.Models.Blocks;

/// <summary>Layer norm (Ba et al. 2016): y = (x − mean) / sqrt(variance + epsilon) · weight + bias.</summary>
internal sealed class LayerNorm(Tensor weight, Tensor? bias, double epsilon) : INorm
{
    public Tensor Forward(Tensor x) => torch.nn.functional.layer_norm(x, [x.size(-1)], weight, bias, epsilon);

    public (Tensor Sum, Tensor Normed) Forward(Residual x)
    {
        var sum = x.Sum();
        return (sum, Forward(sum));
    }
}
