using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Families;

/// <summary>LLaMA (Touvron et al. 2023) and what follows its layout: pre-norm, rotary halves, grouped-query attention, SwiGLU.</summary>
internal sealed class LlamaFamily : ModelFamily
{
    public override string ModelType => "llama";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        return LlamaKeys.Read(keys, ModelType, new LlamaDefaults());
    }

    public override JsonObject WriteConfig(DecoderConfig config)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = ModelType,
            ["vocab_size"] = config.VocabularySize,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadDim,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = config.MaxPositions,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_theta"] = config.Rotary.Theta,
            ["rope_scaling"] = RotaryKeys.Write(config.Rotary),
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["attention_bias"] = config.AttentionBias,
            ["mlp_bias"] = config.MlpBias,
            ["initializer_range"] = config.InitializerRange,
            ["use_cache"] = true,
        };
        if (config.BosTokenId is { } bos) json["bos_token_id"] = bos;
        if (config.EosTokenIds is [var eos]) json["eos_token_id"] = eos;
        else if (config.EosTokenIds.Count > 1) json["eos_token_id"] = new JsonArray([.. config.EosTokenIds.Select(id => (JsonNode)id)]);
        if (config.PadTokenId is { } pad) json["pad_token_id"] = pad;
        return json;
    }

    public override DecoderParts Build(DecoderConfig config, ParameterBuilder build)
        => LlamaLayout.Build(config, build, b => LlamaLayout.Attention(b, config.AttentionBias, config.AttentionBias));
}
