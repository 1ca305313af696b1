using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Checkpoints.Gguf.Architectures;

/// <summary>Phi-3: fused projections as they are, a window in every block, LongRoPE's divisors in two tensors.</summary>
internal sealed class Phi3Architecture() : GgufArchitecture("phi3", "phi3", "Phi3ForCausalLM", "model.layers.")
{
    private const string Short = "rope_factors_short.weight", Long = "rope_factors_long.weight", Window = "attention.sliding_window", Original = "rope.scaling.original_context_length";

    public override IReadOnlyList<string> Tables => [Short, Long];

    public override bool RotatesInPart => true;

    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("model.embed_tokens", "token_embd"), new SameTensor("model.norm", "output_norm"), new SameTensor("lm_head", "output"), new SameTensor("input_layernorm", "attn_norm"),
        new SameTensor("post_attention_layernorm", "ffn_norm"), new SameTensor("self_attn.qkv_proj", "attn_qkv"), new SameTensor("self_attn.o_proj", "attn_output"),
        new SameTensor("mlp.gate_up_proj", "ffn_up"), new SameTensor("mlp.down_proj", "ffn_down"),
    ];

    public override string? Obstacle(DecoderConfig config) => config.Windows.Distinct().Count() > 1 ? "its blocks have different windows"
        : config.Rotary.Scaling is RotaryScaling.None or RotaryScaling.LongRope ? null : base.Obstacle(config with { Windows = [] });

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeLlama(keys, sizes, json);
        json["partial_rotary_factor"] = Share(sizes.Rotated, sizes.HeadDim);
        json["sliding_window"] = keys.Integer(Window) is > 0 and var window ? window : null;
        var original = keys.Integer(Original);
        if (original is { } trained) json["original_max_position_embeddings"] = trained;
        float[]? shorter = keys.Numbers(Short, sizes.Rotated / 2), longer = keys.Numbers(Long, sizes.Rotated / 2);
        if ((shorter ?? longer) is null) return;
        if (shorter is null || longer is null) throw new ModelException($"{keys.Path}: has one of {Short} and {Long}, and not the other");
        static JsonArray Numbers(float[] values) => [.. values.Select(value => (JsonNode)value)];
        json["rope_scaling"] = new JsonObject { ["rope_type"] = "longrope", ["short_factor"] = Numbers(shorter), ["long_factor"] = Numbers(longer), ["attention_factor"] = keys.Real("rope.scaling.attn_factor") };
    }

    public override IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config)
    {
        var stretched = config.Rotary.Scaling == RotaryScaling.LongRope;
        List<KeyValuePair<string, object>> keys = [.. RotaryKeys(config), new(Window, (uint)config.Windows.FirstOrDefault()), new(Original, (uint)(stretched ? config.Rotary.OriginalMaxPositions : config.MaxPositions))];
        if (stretched) keys.Add(new("rope.scaling.attn_factor", (float)config.Rotary.AttentionFactor));
        return keys;
    }

    public override IEnumerable<(string Name, float[] Values)> WriteTables(DecoderConfig config)
        => config.Rotary.Scaling == RotaryScaling.LongRope ? [(Short, [.. config.Rotary.ShortFactors.Select(f => (float)f)]), (Long, [.. config.Rotary.LongFactors.Select(f => (float)f)])] : [];
}

/// <summary>Gemma 2: the norms' factors whole, caps of scores and logits, a window in every other block. The scale of the scores follows from the number of blocks.</summary>
internal sealed class Gemma2Architecture() : GgufArchitecture("gemma2", "gemma2", "Gemma2ForCausalLM", "model.layers.")
{
    private const string Window = "attention.sliding_window", Scores = "attn_logit_softcapping", Logits = "final_logit_softcapping";

    // The 27B model alone divides the scores by another root than that of a head's width.
    private const int LargeBlocks = 46;

    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("model.embed_tokens", "token_embd"), new FactorPlusOne("model.norm", "output_norm"), new FactorPlusOne("input_layernorm", "attn_norm"),
        new FactorPlusOne("post_attention_layernorm", "post_attention_norm"), new FactorPlusOne("pre_feedforward_layernorm", "ffn_norm"), new FactorPlusOne("post_feedforward_layernorm", "post_ffw_norm"),
        new SameTensor("self_attn.q_proj", "attn_q"), new SameTensor("self_attn.k_proj", "attn_k"), new SameTensor("self_attn.v_proj", "attn_v"), new SameTensor("self_attn.o_proj", "attn_output"),
        new SameTensor("mlp.gate_proj", "ffn_gate"), new SameTensor("mlp.up_proj", "ffn_up"), new SameTensor("mlp.down_proj", "ffn_down"),
    ];

    public override string? Obstacle(DecoderConfig config)
    {
        if (!config.TieWordEmbeddings) return "the head is taken from the embedding, and this one is its own";
        if (config.ScoreCap == 0 || config.LogitCap == 0) return "scores and logits are capped always, and here one of them is not";
        if (Math.Abs(config.AttentionScale!.Value * Math.Sqrt(Scalar(config.Layers, config.HiddenSize, config.Heads, config.HeadDim)) - 1) > 1e-6) return "its query_pre_attn_scalar has no place in it";
        if (config.Activation != Activation.GeluTanh) return "its activation has no place in it";
        return config.Windows.Where((window, block) => window != (block % 2 == 0 ? config.Windows[0] : 0)).Any() || config.Windows.Count == 0 ? "every other block has a window, and here it is not so" : base.Obstacle(config with { Windows = [] });
    }

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeLlama(keys, sizes, json);
        json.Remove("hidden_act");
        json["query_pre_attn_scalar"] = Scalar(sizes.Layers, sizes.Hidden, sizes.Heads, sizes.HeadDim);
        foreach (var (key, name) in new[] { (Window, "sliding_window"), (Scores, Scores), (Logits, Logits) })
            if (keys.Real(key) is { } value) json[name] = value;
    }

    public override IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config)
        => [.. RotaryKeys(config), new(Window, (uint)config.Windows[0]), new(Scores, (float)config.ScoreCap), new(Logits, (float)config.LogitCap)];

    private static double Scalar(int layers, int hidden, int heads, int headDim) => layers == LargeBlocks ? (double)hidden / heads : headDim;
}

/// <summary>ChatGLM2 and 3.</summary>
internal sealed class ChatGlmArchitecture() : GgufArchitecture("chatglm", "chatglm", "ChatGLMModel", "transformer.encoder.layers.")
{
    private const double Base = 10000;

    public override bool RotatesInPart => true;

    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("transformer.embedding.word_embeddings", "token_embd"), new SameTensor("transformer.encoder.final_layernorm", "output_norm"), new SameTensor("transformer.output_layer", "output"),
        new SameTensor("input_layernorm", "attn_norm"), new SameTensor("post_attention_layernorm", "ffn_norm"), new SameTensor("self_attention.query_key_value", "attn_qkv"),
        new SameTensor("self_attention.dense", "attn_output"), new SameTensor("mlp.dense_h_to_4h", "ffn_up"), new SameTensor("mlp.dense_4h_to_h", "ffn_down"),
    ];

    public override string? Obstacle(DecoderConfig config) => config.Glm is null ? base.Obstacle(config) : "a prompt that is read in both directions has no place in it";

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        if (sizes.Rotated * 2 != sizes.HeadDim) throw keys.Error("rope.dimension_count", $"is {sizes.Rotated}; half of a head's {sizes.HeadDim} is expected");
        json["padded_vocab_size"] = sizes.Vocabulary;
        json["hidden_size"] = sizes.Hidden;
        json["ffn_hidden_size"] = sizes.Inner;
        json["num_layers"] = sizes.Layers;
        json["num_attention_heads"] = sizes.Heads;
        json["kv_channels"] = sizes.HeadDim;
        json["multi_query_attention"] = true;
        json["multi_query_group_num"] = sizes.KeyValueHeads;
        json["seq_length"] = sizes.Positions;
        json["layernorm_epsilon"] = sizes.Epsilon;
        json["rope_ratio"] = (keys.Real("rope.freq_base") ?? Base) / Base;
        json["add_qkv_bias"] = keys.HasTensor("blk.0.attn_qkv.bias");
        json["add_bias_linear"] = keys.HasTensor("blk.0.attn_output.bias");
        json["rmsnorm"] = true;
    }

    public override IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config) => RotaryKeys(config);
}
