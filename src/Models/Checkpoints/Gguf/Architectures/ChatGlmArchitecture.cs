using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Checkpoints.Gguf.Architectures;

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
