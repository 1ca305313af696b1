using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>LLaMA's blocks under LLaMA's names: pre-norm (RMSNorm), rotary attention, SwiGLU. Families that follow it say what their attention is.</summary>
internal static class LlamaLayout
{
    /// <summary>The decoder around an attention.</summary>
    public static DecoderParts Build(DecoderConfig c, ParameterBuilder build, Func<BlockBuilder, Attention> attention, Func<BlockBuilder, IMlp>? mlp = null)
    {
        var embedding = build.Embedding("model.embed_tokens", c);
        var blocks = build.Blocks(c, "model.layers", b => new PreNormBlock(
            b.Number,
            b.RmsNorm("input_layernorm"),
            attention(b),
            b.RmsNorm("post_attention_layernorm"),
            mlp is null ? b.SwiGlu("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", c.MlpBias) : mlp(b)));
        return new DecoderParts(embedding, blocks, build.RmsNorm("model.norm", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "lm_head"), PositionKind.Of(c));
    }

    /// <summary>Attention with three projections under LLaMA's names.</summary>
    public static Attention Attention(BlockBuilder b, bool bias, bool outputBias, bool headNorms = false)
        => new(b.Number, b.Shape, b.QueryKeyValue("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", bias), b.AttentionOutput("self_attn.o_proj", outputBias))
        {
            QueryNorm = headNorms ? b.HeadNorm("self_attn.q_norm") : null,
            KeyNorm = headNorms ? b.HeadNorm("self_attn.k_norm") : null,
        };
}
