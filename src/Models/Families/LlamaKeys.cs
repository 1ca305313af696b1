namespace AlpacaCot.Models.Families;

/// <summary>What a family that follows LLaMA's <c>config.json</c> takes for keys that are left out.</summary>
/// <param name="KeyValueHeads">Key/value heads where the key is absent; as many as query heads where null, and where the key is null.</param>
/// <param name="HeadDim">Width of a head; hidden size over heads where null.</param>
/// <param name="NormEpsilon">Epsilon of the norms.</param>
/// <param name="MaxPositions">Longest sequence.</param>
/// <param name="Tied">Whether the head is the embedding.</param>
/// <param name="Partial">Share of a head that is rotated, where the family has the key; null where it has none.</param>
/// <param name="Padding">Id for padding.</param>
internal sealed record LlamaDefaults(
    int? KeyValueHeads = null, int? HeadDim = null, double NormEpsilon = 1e-6, int MaxPositions = 2048, bool Tied = false, double? Partial = null, int? Padding = null);

/// <summary>Reads the keys that LLaMA and the families after it share.</summary>
internal static class LlamaKeys
{
    public static DecoderConfig Read(ConfigKeys keys, string modelType, LlamaDefaults defaults)
    {
        var (hidden, heads, maxPositions) = (keys.Count("hidden_size"), keys.Count("num_attention_heads"), keys.Count("max_position_embeddings", defaults.MaxPositions));
        var keyValueHeads = keys.OptionalCount("num_key_value_heads") ?? (keys.IsAbsent("num_key_value_heads") ? defaults.KeyValueHeads ?? heads : heads);
        if (heads % keyValueHeads != 0) throw keys.Error("num_key_value_heads", $"is {keyValueHeads}, which does not divide {heads} heads");
        var headDim = keys.OptionalCount("head_dim") ?? (keys.IsAbsent("head_dim") ? defaults.HeadDim : null) ?? SizeKeys.HeadDim(keys, "num_attention_heads", hidden, heads);
        if (headDim % 2 != 0) throw keys.Error("head_dim", $"is {headDim}; rotary halves need an even width");
        return new DecoderConfig
        {
            ModelType = modelType,
            VocabularySize = keys.Count("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Count("intermediate_size"),
            Layers = keys.Count("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            MaxPositions = maxPositions,
            NormEpsilon = keys.Real("rms_norm_eps", defaults.NormEpsilon),
            Rotary = RotaryKeys.Read(keys, maxPositions, headDim, defaults.Partial),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", defaults.Tied),
            AttentionBias = keys.Flag("attention_bias", false),
            MlpBias = keys.Flag("mlp_bias", false),
            InitializerRange = keys.Real("initializer_range", 0.02),
            BosTokenId = keys.Id("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.Id("pad_token_id"),
            PaddingRow = keys.PaddingRow(keys.Count("vocab_size"), defaults.Padding),
            Dtype = keys.Dtype(),
        };
    }

    /// <summary>Refuses another activation than silu.</summary>
    public static void RequireSilu(ConfigKeys keys)
    {
        if (keys.OptionalText("hidden_act") is { } activation and not "silu") throw keys.Error("hidden_act", $"is '{activation}'; this family has silu");
    }
}
