using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Checkpoints.Gguf.Architectures;

/// <summary>Architectures with layer norms and a plain MLP. The file has no key for the activation, so that each has the one of its released models.</summary>
internal abstract class GptArchitecture(string name, string modelType, string @class, string blocks, Activation activation) : GgufArchitecture(name, modelType, @class, blocks)
{
    public override string EpsilonKey => LayerEpsilon;

    public override string? Obstacle(DecoderConfig config) => config.Activation != activation ? "its activation has no place in it"
        : config.AttentionScale is not null ? "its scale of the scores has no place in it" : base.Obstacle(config);

    /// <summary>Sizes under GPT-2's names, but for the width and the longest sequence, which BLOOM calls otherwise.</summary>
    protected static void DescribeGpt(GgufSizes sizes, JsonObject json, string width, string positions)
    {
        json["vocab_size"] = sizes.Vocabulary;
        json[width] = sizes.Hidden;
        json["n_inner"] = sizes.Inner;
        json["n_layer"] = sizes.Layers;
        json["n_head"] = sizes.Heads;
        json[positions] = sizes.Positions;
        json["layer_norm_epsilon"] = sizes.Epsilon;
    }
}

/// <summary>GPT-2: matrices the other way round.</summary>
internal sealed class Gpt2Architecture() : GptArchitecture("gpt2", "gpt2", "GPT2LMHeadModel", "transformer.h.", Activation.GeluTanh)
{
    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("transformer.wte", "token_embd"), new SameTensor("transformer.wpe", "position_embd"), new SameTensor("transformer.ln_f", "output_norm"), new SameTensor("lm_head", "output"),
        new SameTensor("ln_1", "attn_norm"), new SameTensor("ln_2", "ffn_norm"), new TransposedTensor("attn.c_attn", "attn_qkv"), new TransposedTensor("attn.c_proj", "attn_output"),
        new TransposedTensor("mlp.c_fc", "ffn_up"), new TransposedTensor("mlp.c_proj", "ffn_down"),
    ];

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json) => DescribeGpt(sizes, json, "n_embd", "n_positions");
}

/// <summary>GPT-NeoX and Pythia: queries, keys and values in a row and not per head.</summary>
internal sealed class GptNeoXArchitecture() : GptArchitecture("gptneox", "gpt_neox", "GPTNeoXForCausalLM", "gpt_neox.layers.", Activation.GeluErf)
{
    private const string Parallel = "use_parallel_residual";

    public override bool RotatesInPart => true;

    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("gpt_neox.embed_in", "token_embd"), new SameTensor("gpt_neox.final_layer_norm", "output_norm"), new SameTensor("embed_out", "output"), new SameTensor("input_layernorm", "attn_norm"),
        new SameTensor("post_attention_layernorm", "ffn_norm"), new RegroupedRows("attention.query_key_value", "attn_qkv"), new SameTensor("attention.dense", "attn_output"),
        new SameTensor("mlp.dense_h_to_4h", "ffn_up"), new SameTensor("mlp.dense_4h_to_h", "ffn_down"),
    ];

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeSizes(sizes, json);
        json["layer_norm_eps"] = sizes.Epsilon;
        json["rotary_pct"] = Share(sizes.Rotated, sizes.HeadDim);
        json["rotary_emb_base"] = keys.Real("rope.freq_base") ?? 10000;
        json[Parallel] = keys.Flag(Parallel) ?? true;
        json["attention_bias"] = keys.HasTensor("blk.0.attn_qkv.bias");
    }

    public override IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config) => [.. RotaryKeys(config), new(Parallel, config.ParallelResidual)];
}

/// <summary>BLOOM: a norm behind the embedding; queries, keys and values in a row and not per head.</summary>
internal sealed class BloomArchitecture() : GptArchitecture("bloom", "bloom", "BloomForCausalLM", "transformer.h.", Activation.GeluTanh)
{
    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("transformer.word_embeddings", "token_embd"), new SameTensor("transformer.word_embeddings_layernorm", "token_embd_norm"), new SameTensor("transformer.ln_f", "output_norm"),
        new SameTensor("lm_head", "output"), new SameTensor("input_layernorm", "attn_norm"), new SameTensor("post_attention_layernorm", "ffn_norm"),
        new RegroupedRows("self_attention.query_key_value", "attn_qkv"), new SameTensor("self_attention.dense", "attn_output"), new SameTensor("mlp.dense_h_to_4h", "ffn_up"), new SameTensor("mlp.dense_4h_to_h", "ffn_down"),
    ];

    public override string? Obstacle(DecoderConfig config) => config.ResidualAfterNorm ? "apply_residual_connection_post_layernorm has no place in it" : base.Obstacle(config);

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json) => DescribeGpt(sizes, json, "hidden_size", "seq_length");
}

/// <summary>Phi-1 and 2; older files have queries, keys and values in one projection.</summary>
internal sealed class Phi2Architecture() : GptArchitecture("phi2", "phi", "PhiForCausalLM", "model.layers.", Activation.GeluTanh)
{
    public override bool RotatesInPart => true;

    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("model.embed_tokens", "token_embd"), new SameTensor("model.final_layernorm", "output_norm"), new SameTensor("lm_head", "output"), new SameTensor("input_layernorm", "attn_norm"),
        new SameTensor("self_attn.q_proj", "attn_q"), new SameTensor("self_attn.k_proj", "attn_k"), new SameTensor("self_attn.v_proj", "attn_v"), new SameTensor("self_attn.dense", "attn_output"),
        new SameTensor("mlp.fc1", "ffn_up"), new SameTensor("mlp.fc2", "ffn_down"),
        new RowsOfFused("self_attn.q_proj", 0), new RowsOfFused("self_attn.k_proj", 1), new RowsOfFused("self_attn.v_proj", 2),
    ];

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeSizes(sizes, json);
        json["num_key_value_heads"] = sizes.KeyValueHeads;
        json["layer_norm_eps"] = sizes.Epsilon;
        json["partial_rotary_factor"] = Share(sizes.Rotated, sizes.HeadDim);
        json["rope_theta"] = keys.Real("rope.freq_base") ?? 10000;
    }

    public override IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config) => RotaryKeys(config);
}
