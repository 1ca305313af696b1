using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>BLOOM (BigScience 2022): ALiBi, a norm behind the embedding, queries, keys and values fused per head.</summary>
internal sealed class BloomFamily : ModelFamily
{
    private static readonly SizeKeys Sizes = new(["hidden_size", "n_embed"], ["n_head", "num_attention_heads"], ["n_layer", "num_hidden_layers"], ["seq_length"], ["n_inner"]);

    public override string ModelType => "bloom";

    public override string BasePrefix => "transformer.";

    public override string EmbeddingTensor => "word_embeddings.weight";

    public override DecoderConfig ReadConfig(ConfigKeys keys) => Sizes.Read(keys, ModelType, positions: 2048, tied: true) with
    {
        NormEpsilon = keys.Real("layer_norm_epsilon", 1e-5),
        Alibi = true,
        Activation = Activation.GeluTanh,
        ResidualAfterNorm = keys.Flag("apply_residual_connection_post_layernorm", false),
    };

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("transformer.word_embeddings", c);
        var stage = new EmbeddingStage(Norm: build.LayerNorm("transformer.word_embeddings_layernorm", c.HiddenSize, c.NormEpsilon));
        var blocks = build.Blocks(c, "transformer.h", b =>
        {
            var attentionNorm = b.LayerNorm("input_layernorm");
            var attention = new Attention(b.Number, b.Shape, b.Fused("self_attention.query_key_value", new FusedOrder(c.Heads), bias: true), b.AttentionOutput("self_attention.dense", bias: true));
            var mlpNorm = b.LayerNorm("post_attention_layernorm");
            var mlp = b.PlainMlp("mlp.dense_h_to_4h", "mlp.dense_4h_to_h", bias: true);
            return c.ResidualAfterNorm ? new NormedResidualBlock(b.Number, attentionNorm, attention, mlpNorm, mlp, factor: 1) : new PreNormBlock(b.Number, attentionNorm, attention, mlpNorm, mlp);
        });
        return new DecoderParts(
            embedding, blocks, build.LayerNorm("transformer.ln_f", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "lm_head"), PositionKind.Of(c)) { Stage = stage };
    }
}
