namespace AlpacaCot.Models.Blocks;

/// <summary>Layer norm (Ba et al. 2016): y = (x − mean) / sqrt(variance + epsilon) · weight + bias.</summary>
internal sealed class LayerNorm(string path, Tensor weight, Tensor? bias, double epsilon) : NormSite(path), INorm
{
    public NormSite Site => this;

    public override Tensor Weight => weight;

    public override Tensor? Bias => bias;

    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias) => torch.nn.functional.layer_norm(x, [x.size(-1)], weight.to(x.dtype), bias?.to(x.dtype), epsilon);

    public Tensor Forward(Tensor x) => torch.nn.functional.layer_norm(x, [x.size(-1)], weight, bias, epsilon);

    public (Tensor Sum, Tensor Normed) Forward(Residual x)
    {
        var sum = x.Sum();
        return (sum, Forward(sum));
    }
}
