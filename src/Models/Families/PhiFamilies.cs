using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>Phi-1 and 2 (Li et al. 2023): a parallel block with one layer norm, partly rotated heads, biases everywhere.</summary>
internal sealed class PhiFamily : ModelFamily
{
    public override string ModelType => "phi";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        if (keys.Flag("qk_layernorm", false)) throw keys.Error("qk_layernorm", "is not supported");
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(Partial: 0.5));
        return config with { NormEpsilon = keys.Real("layer_norm_eps", 1e-5), Activation = SizeKeys.ActivationOf(keys, "hidden_act", Activation.GeluTanh), AttentionBias = true, MlpBias = true };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("model.embed_tokens", c);
        var blocks = build.Blocks(c, "model.layers", b =>
        {
            var norm = b.LayerNorm("input_layernorm");
            var attention = new Attention(b.Number, b.Shape, b.QueryKeyValue("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", bias: true), b.AttentionOutput("self_attn.dense", bias: true));
            return new ParallelBlock(b.Number, norm, attention, norm, b.PlainMlp("mlp.fc1", "mlp.fc2", bias: true));
        });
        return new DecoderParts(
            embedding, blocks, build.LayerNorm("model.final_layernorm", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "lm_head", bias: true), PositionKind.Of(c));
    }
}

/// <summary>Phi-3 (Abdin et al. 2024): LLaMA with fused projections and, where it is set, a sliding window.</summary>
internal sealed class Phi3Family : ModelFamily
{
    public override string ModelType => "phi3";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(NormEpsilon: 1e-5, MaxPositions: 4096, Partial: 1, Padding: 32_000));
        return config with { Windows = WindowKeys.Read(keys, config.Layers, absent: 0, _ => true), AttentionBias = false, MlpBias = false };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build) => LlamaLayout.Build(
        c,
        build,
        b => new Attention(b.Number, b.Shape, b.Fused("self_attn.qkv_proj", new FusedOrder(1), bias: false), b.AttentionOutput("self_attn.o_proj", bias: false)),
        b => b.FusedGatedMlp("mlp.gate_up_proj", "mlp.down_proj", bias: false));
}
