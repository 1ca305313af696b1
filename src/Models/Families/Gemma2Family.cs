using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// Gemma 2 (Gemma Team 2024): norms by 1 + weight before and after attention and MLP, a scaled embedding, capped scores and logits, a sliding window in
/// every other block.
/// </summary>
internal sealed class Gemma2Family : ModelFamily
{
    public override string ModelType => "gemma2";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(KeyValueHeads: 4, HeadDim: 256, MaxPositions: 8192, Tied: true, Padding: 0));
        return config with
        {
            Activation = SizeKeys.ActivationOf(keys, keys.First("hidden_activation", "hidden_act"), Activation.GeluTanh),
            AttentionScale = 1 / Math.Sqrt(keys.Real("query_pre_attn_scalar", 256)),
            ScoreCap = Cap(keys, "attn_logit_softcapping", 50),
            LogitCap = Cap(keys, "final_logit_softcapping", 30),
            Windows = WindowKeys.Read(keys, config.Layers, absent: 4096, block => block % 2 == 0),
            MlpBias = false,
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("model.embed_tokens", c);
        var blocks = build.Blocks(c, "model.layers", b => new PreNormBlock(
            b.Number,
            b.RmsNorm("input_layernorm", plusOne: true),
            LlamaLayout.Attention(b, c.AttentionBias, c.AttentionBias),
            b.RmsNorm("pre_feedforward_layernorm", plusOne: true),
            b.GatedMlp("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"))
        {
            AfterAttention = b.RmsNorm("post_attention_layernorm", plusOne: true),
            AfterMlp = b.RmsNorm("post_feedforward_layernorm", plusOne: true),
        });
        return new DecoderParts(
            embedding, blocks, build.RmsNorm("model.norm", c.HiddenSize, c.NormEpsilon, plusOne: true), build.Head(c, embedding, "lm_head"), PositionKind.Of(c))
        {
            Stage = new EmbeddingStage(Scale: Math.Sqrt(c.HiddenSize)),
        };
    }

    // Null switches a cap off.
    private static double Cap(ConfigKeys keys, string key, double otherwise) => keys.OptionalReal(key) ?? (keys.IsAbsent(key) ? otherwise : 0);
}
