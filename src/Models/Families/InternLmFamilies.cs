using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>InternLM 1: LLaMA with biases on the attention's projections (key <c>bias</c>) and its own rotary keys.</summary>
internal sealed class InternLmFamily : ModelFamily
{
    public override string ModelType => "internlm";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(Padding: 0));
        return config with { AttentionBias = keys.Flag("bias", true), MlpBias = false, Rotary = Rotary(keys, config) };
    }

    public override DecoderParts Build(DecoderConfig config, ParameterBuilder build)
        => LlamaLayout.Build(config, build, b => LlamaLayout.Attention(b, config.AttentionBias, config.AttentionBias));

    // "rotary": {"base": 10000, "type": "dynamic"}; the newer rope_scaling where that is missing.
    private static RotarySettings Rotary(ConfigKeys keys, DecoderConfig config)
    {
        if (keys.Object("rotary") is not { } rotary) return config.Rotary;
        var settings = new RotarySettings { Theta = rotary.Real("base", 10000), OriginalMaxPositions = config.MaxPositions };
        return rotary.OptionalText("type") switch
        {
            null or "origin" => settings,
            "dynamic" => settings with { Scaling = RotaryScaling.Dynamic, Factor = rotary.Real("scaling_factor", 1) },
            var other => throw rotary.Error("type", $"is '{other}'; known are origin and dynamic"),
        };
    }
}

/// <summary>InternLM 2 (Cai et al. 2024): LLaMA with other names and queries, keys and values in one projection, a group per key/value head.</summary>
internal sealed class InternLm2Family : ModelFamily
{
    public override string ModelType => "internlm2";

    public override string EmbeddingTensor => "tok_embeddings.weight";

    public override string HeadTensor => "output.weight";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        return LlamaKeys.Read(keys, ModelType, new LlamaDefaults(Padding: 0)) with { AttentionBias = keys.Flag("bias", true), MlpBias = false };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("model.tok_embeddings", c);
        var blocks = build.Blocks(c, "model.layers", b => new PreNormBlock(
            b.Number,
            b.RmsNorm("attention_norm"),
            new Attention(b.Number, b.Shape, b.Fused("attention.wqkv", new FusedOrder(c.KeyValueHeads), c.AttentionBias), b.AttentionOutput("attention.wo", c.AttentionBias)),
            b.RmsNorm("ffn_norm"),
            b.SwiGlu("feed_forward.w1", "feed_forward.w3", "feed_forward.w2", bias: false)));
        return new DecoderParts(embedding, blocks, build.RmsNorm("model.norm", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "output"), PositionKind.Of(c));
    }
}
