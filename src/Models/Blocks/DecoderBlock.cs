
namespace AlpacaCot.Models.Blocks;

/// <summary>A pre-norm transformer block: h = x + attention(norm(x)); h + mlp(norm(h)).</summary>
internal sealed class DecoderBlock(int block, RmsNorm attentionNorm, Attention attention, RmsNorm mlpNorm, SwiGlu mlp)
{
    public RmsNorm AttentionNorm => attentionNorm;

    public Attention Attention => attention;

    public RmsNorm MlpNorm => mlpNorm;

    public SwiGlu Mlp => mlp;

    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor x, ForwardStep step)
    {
        var h = x + attention.Forward(attentionNorm.Forward(x), step);
        return h + step.Hooks.AfterMlp(block, mlp.Forward(mlpNorm.Forward(h), step), step.Layout);
    }
}
