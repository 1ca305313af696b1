namespace AlpacaCot.Models.Families;

/// <summary>Qwen2 (Yang et al. 2024): LLaMA with biases on queries, keys and values.</summary>
internal sealed class Qwen2Family : ModelFamily
{
    public override string ModelType => "qwen2";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(KeyValueHeads: 32, MaxPositions: 32_768));
        return config with { Windows = Windows(keys, config.Layers), MlpBias = false };
    }

    public override DecoderParts Build(DecoderConfig config, ParameterBuilder build) => LlamaLayout.Build(config, build, b => LlamaLayout.Attention(b, bias: true, outputBias: false));

    /// <summary>The first <c>max_window_layers</c> blocks have no window; none has where <c>use_sliding_window</c> is not set.</summary>
    internal static IReadOnlyList<int> Windows(ConfigKeys keys, int layers)
    {
        if (!keys.Flag("use_sliding_window", false)) return [];
        var full = keys.Has("max_window_layers") ? keys.Real("max_window_layers") : 28;
        return WindowKeys.Read(keys, layers, absent: 4096, block => block >= full);
    }
}

/// <summary>Qwen3 (Yang et al. 2025): LLaMA with a norm over each head's query and key.</summary>
internal sealed class Qwen3Family : ModelFamily
{
    public override string ModelType => "qwen3";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(KeyValueHeads: 32, HeadDim: 128, MaxPositions: 32_768));
        return config with { Windows = Qwen2Family.Windows(keys, config.Layers), MlpBias = false };
    }

    public override DecoderParts Build(DecoderConfig config, ParameterBuilder build)
        => LlamaLayout.Build(config, build, b => LlamaLayout.Attention(b, config.AttentionBias, config.AttentionBias, headNorms: true));
}
