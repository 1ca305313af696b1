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

    /// <summary>
    /// The normed rows, NaN where a row of the stream is so large that its squares overflow: libtorch makes zeros of those, which look like sound numbers.
    /// Done once, behind the last block, because what overflows stays in the residual stream.
    /// </summary>
    public static Tensor ShowOverflow(Tensor stream, Tensor normed)
    {
        var most = Math.Sqrt(float.MaxValue / (double)stream.size(-1));
        var sound = stream.detach().to(torch.float32).abs().amax([-1], keepdim: true) <= most;
        return normed.masked_fill(sound.logical_not(), double.NaN);
    }
}
