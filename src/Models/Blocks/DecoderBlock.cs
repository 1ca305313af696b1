namespace AlpacaCot.Models.Blocks;

/// <summary>A pre-norm transformer block: h = x + attention(norm(x)); h + mlp(norm(h)).</summary>
internal sealed class DecoderBlock(int block, RmsNorm attentionNorm, Attention attention, RmsNorm mlpNorm, SwiGlu mlp)
{
    public RmsNorm AttentionNorm => attentionNorm;

    public Attention Attention => attention;

    public RmsNorm MlpNorm => mlpNorm;

    public SwiGlu Mlp => mlp;

    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>, or the rows of <paramref name="kept"/> alone.</summary>
    /// <param name="x">What comes from the block before.</param>
    /// <param name="step">The whole batch, which keys and values are computed of.</param>
    /// <param name="kept">The same, or in the last block the rows of it that something needs.</param>
    public Residual Forward(Residual x, ForwardStep step, ForwardStep kept)
    {
        var (h, normed) = attentionNorm.Forward(x);
        var attended = attention.Forward(normed, step, kept);
        (h, normed) = mlpNorm.Forward(new Residual(kept.Select(h), attended));
        return new Residual(h, kept.Hooks.AfterMlp(block, mlp.Forward(normed, kept), kept.Layout));
    }
}
