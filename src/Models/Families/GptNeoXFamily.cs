using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>GPT-NeoX and Pythia (Black et al. 2022): partly rotated heads, attention and MLP side by side, queries, keys and values fused per head.</summary>
internal sealed class GptNeoXFamily : ModelFamily
{
    public override string ModelType => "gpt_neox";

    public override string BasePrefix => "gpt_neox.";

    public override string EmbeddingTensor => "embed_in.weight";

    public override string HeadTensor => "embed_out.weight";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        var config = SizeKeys.Usual.Read(keys, ModelType, positions: 2048, tied: false);
        return config with
        {
            NormEpsilon = keys.Real("layer_norm_eps", 1e-5),
            Activation = SizeKeys.ActivationOf(keys, "hidden_act", Activation.GeluErf),
            AttentionBias = keys.Flag("attention_bias", true),
            ParallelResidual = keys.Flag("use_parallel_residual", true),
            Rotary = RotaryKeys.Read(keys, config.MaxPositions, config.HeadDim, 0.25, "rotary_emb_base", "rotary_pct"),
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("gpt_neox.embed_in", c);
        var blocks = build.Blocks(c, "gpt_neox.layers", b =>
        {
            var attentionNorm = b.LayerNorm("input_layernorm");
            var attention = new Attention(b.Number, b.Shape, b.Fused("attention.query_key_value", new FusedOrder(c.Heads), c.AttentionBias), b.AttentionOutput("attention.dense", c.AttentionBias));
            var mlpNorm = b.LayerNorm("post_attention_layernorm");
            var mlp = b.PlainMlp("mlp.dense_h_to_4h", "mlp.dense_4h_to_h", bias: true);
            return c.ParallelResidual ? new ParallelBlock(b.Number, attentionNorm, attention, mlpNorm, mlp) : new PreNormBlock(b.Number, attentionNorm, attention, mlpNorm, mlp);
        });
        return new DecoderParts(
            embedding, blocks, build.LayerNorm("gpt_neox.final_layer_norm", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "embed_out"), PositionKind.Of(c));
    }
}
