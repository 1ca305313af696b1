namespace AlpacaCot.Models.Blocks;

/// <summary>A block whose attention and MLP both read what enters it: x + attention(norm(x)) + mlp(norm'(x)); the two norms may be one.</summary>
internal sealed class ParallelBlock(int block, INorm attentionNorm, Attention attention, INorm mlpNorm, IMlp mlp) : DecoderBlock
{
    /// <inheritdoc/>
    public override Residual Forward(Residual x, ForwardStep step, ForwardStep kept)
    {
        var (h, normed) = step.Norm(attentionNorm, x);
        var attended = attention.Forward(normed, step, kept);
        var stream = kept.Select(h);
        if (ReferenceEquals(stream, x.Stream)) stream = stream.alias();   // its owner may let go of it
        var y = kept.Hooks.AfterMlp(block, mlp.Forward(ReferenceEquals(attentionNorm, mlpNorm) ? kept.Select(normed) : kept.Norm(mlpNorm, stream), kept), kept.Layout);
        return new Residual(stream, attended + y);
    }
}

/// <summary>A post-norm block: h = norm(x + attention(x)); norm'(h + mlp(h)).</summary>
internal sealed class PostNormBlock(int block, Attention attention, INorm attentionNorm, IMlp mlp, INorm mlpNorm) : DecoderBlock
{
    /// <inheritdoc/>
    public override Residual Forward(Residual x, ForwardStep step, ForwardStep kept)
    {
        var stream = x.Sum();
        var (_, h) = kept.Norm(attentionNorm, new Residual(kept.Select(stream), attention.Forward(stream, step, kept)));
        var (_, y) = kept.Norm(mlpNorm, new Residual(h, kept.Hooks.AfterMlp(block, mlp.Forward(h, kept), kept.Layout)));
        return new Residual(y);
    }
}

/// <summary>
/// A pre-norm block whose residual branch is the normed input, times a factor: y = norm(x); h = factor · y + attention(y), and likewise the MLP
/// (ChatGLM-6B; BLOOM's <c>apply_residual_connection_post_layernorm</c> with a factor of one).
/// </summary>
internal sealed class NormedResidualBlock(int block, INorm attentionNorm, Attention attention, INorm mlpNorm, IMlp mlp, double factor) : DecoderBlock
{
    /// <inheritdoc/>
    public override Residual Forward(Residual x, ForwardStep step, ForwardStep kept)
    {
        var (_, normed) = step.Norm(attentionNorm, x);
        var attended = attention.Forward(normed, step, kept);
        var (_, y) = kept.Norm(mlpNorm, new Residual(kept.Select(normed) * factor, attended));
        return new Residual(y * factor, kept.Hooks.AfterMlp(block, mlp.Forward(y, kept), kept.Layout));
    }
}
