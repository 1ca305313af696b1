namespace AlpacaCot.Models.Blocks;

/// <summary>A transformer block.</summary>
internal abstract class DecoderBlock
{
    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>, or the rows of <paramref name="kept"/> alone.</summary>
    /// <param name="x">What comes from the block before.</param>
    /// <param name="step">The whole batch, which keys and values are computed of.</param>
    /// <param name="kept">The same, or in the last block the rows of it that something needs.</param>
    public abstract Residual Forward(Residual x, ForwardStep step, ForwardStep kept);
}

/// <summary>A pre-norm block: h = x + attention(norm(x)); h + mlp(norm(h)). What is added may be normed once more (Gemma 2).</summary>
internal sealed class PreNormBlock(int block, INorm attentionNorm, Attention attention, INorm mlpNorm, IMlp mlp) : DecoderBlock
{
    public INorm AttentionNorm => attentionNorm;

    public Attention Attention => attention;

    public INorm MlpNorm => mlpNorm;

    public IMlp Mlp => mlp;

    /// <summary>Norm of what attention adds, or null.</summary>
    public INorm? AfterAttention { get; init; }

    /// <summary>Norm of what the MLP adds, or null.</summary>
    public INorm? AfterMlp { get; init; }

    /// <inheritdoc/>
    public override Residual Forward(Residual x, ForwardStep step, ForwardStep kept)
    {
        var (h, normed) = step.Norm(attentionNorm, x);
        var attended = attention.Forward(normed, step, kept);
        if (AfterAttention is not null) attended = kept.Norm(AfterAttention, attended);
        (h, normed) = kept.Norm(mlpNorm, new Residual(kept.Select(h), attended));
        var added = kept.Hooks.AfterMlp(block, mlp.Forward(normed, kept), kept.Layout);
        return new Residual(h, AfterMlp is null ? added : kept.Norm(AfterMlp, added));
    }
}
