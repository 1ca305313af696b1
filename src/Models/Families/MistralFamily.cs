namespace AlpacaCot.Models.Families;

/// <summary>Mistral (Jiang et al. 2023): LLaMA with a sliding window in every block.</summary>
internal sealed class MistralFamily : ModelFamily
{
    public override string ModelType => "mistral";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(KeyValueHeads: 8, MaxPositions: 131_072));
        return config with { Windows = WindowKeys.Read(keys, config.Layers, absent: 4096, _ => true), AttentionBias = false, MlpBias = false };
    }

    public override DecoderParts Build(DecoderConfig config, ParameterBuilder build) => LlamaLayout.Build(config, build, b => LlamaLayout.Attention(b, bias: false, outputBias: false));
}
