using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>GPT-2 (Radford et al. 2019): learned positions, weights stored as <c>[in, out]</c>, queries, keys and values in a row.</summary>
internal sealed class Gpt2Family : ModelFamily
{
    public override string ModelType => "gpt2";

    public override string BasePrefix => "transformer.";

    public override string EmbeddingTensor => "wte.weight";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        if (keys.Flag("scale_attn_by_inverse_layer_idx", false)) throw keys.Error("scale_attn_by_inverse_layer_idx", "is not supported");
        if (keys.Flag("add_cross_attention", false)) throw keys.Error("add_cross_attention", "is not supported: this is a decoder alone");
        return SizeKeys.Gpt2.Read(keys, ModelType, positions: 1024, tied: true) with
        {
            NormEpsilon = keys.Real("layer_norm_epsilon", 1e-5),
            Activation = SizeKeys.ActivationOf(keys, "activation_function", Activation.GeluTanh),
            AttentionScale = keys.Flag("scale_attn_weights", true) ? null : 1,
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("transformer.wte", c);
        var positions = new LearnedPositions(build.Table("transformer.wpe", c.MaxPositions, c.HiddenSize), offset: 0);
        var blocks = build.Blocks(c, "transformer.h", b => new PreNormBlock(
            b.Number,
            b.LayerNorm("ln_1"),
            new Attention(b.Number, b.Shape, new FusedQueryKeyValue(b.Conv1d("attn.c_attn", c.HiddenSize, 3 * c.HiddenSize), new FusedOrder(1)), b.Conv1d("attn.c_proj", c.HiddenSize, c.HiddenSize)),
            b.LayerNorm("ln_2"),
            new PlainMlp(b.Conv1d("mlp.c_fc", c.HiddenSize, c.IntermediateSize), c.Activation, b.Conv1d("mlp.c_proj", c.IntermediateSize, c.HiddenSize))));
        return new DecoderParts(embedding, blocks, build.LayerNorm("transformer.ln_f", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "lm_head"), positions);
    }
}
