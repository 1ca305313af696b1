using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Checkpoints.Gguf.Architectures;

/// <summary>Architectures whose tensors and keys are LLaMA's.</summary>
internal abstract class LlamaLikeArchitecture(string name, string modelType, string @class) : GgufArchitecture(name, modelType, @class, "model.layers.")
{
    public override bool Scales => true;

    public override IReadOnlyList<string> Tables => [GgufRotary.Divisors];

    protected static IReadOnlyList<GgufRule> Shared { get; } =
    [
        new SameTensor("model.embed_tokens", "token_embd"), new SameTensor("model.norm", "output_norm"), new UnitRows("lm_head", "output"), new SameTensor("input_layernorm", "attn_norm"),
        new SameTensor("post_attention_layernorm", "ffn_norm"), new SameTensor("self_attn.o_proj", "attn_output"), new SameTensor("mlp.gate_proj", "ffn_gate"),
        new SameTensor("mlp.up_proj", "ffn_up"), new SameTensor("mlp.down_proj", "ffn_down"),
    ];

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeLlama(keys, sizes, json);
        json["attention_bias"] = keys.HasTensor("blk.0.attn_output.bias");
        json["mlp_bias"] = keys.HasTensor("blk.0.ffn_up.bias");
    }

    public override IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config) => RotaryKeys(config);

    public override IEnumerable<(string Name, float[] Values)> WriteTables(DecoderConfig config)
    {
        if (GgufRotary.DivisorsOf(config) is { } divisors) yield return (GgufRotary.Divisors, divisors);
    }
}

/// <summary>LLaMA, and what has its architecture in another family here: Mistral without its window, InternLM with its biases.</summary>
internal sealed class LlamaArchitecture() : LlamaLikeArchitecture("llama", "llama", "LlamaForCausalLM")
{
    public override IReadOnlyList<string> Written => ["llama", "mistral", "internlm"];

    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        .. Shared, new PairedRows("self_attn.q_proj", "attn_q", c => c.Heads), new PairedRows("self_attn.k_proj", "attn_k", c => c.KeyValueHeads), new SameTensor("self_attn.v_proj", "attn_v"),
    ];
}

/// <summary>Qwen2 and Qwen3.</summary>
internal sealed class QwenArchitecture(string name, string @class) : LlamaLikeArchitecture(name, name, @class)
{
    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        .. Shared, new SameTensor("self_attn.q_proj", "attn_q"), new SameTensor("self_attn.k_proj", "attn_k"), new SameTensor("self_attn.v_proj", "attn_v"),
        new SameTensor("self_attn.q_norm", "attn_q_norm"), new SameTensor("self_attn.k_norm", "attn_k_norm"),
    ];
}

/// <summary>Baichuan: LLaMA with one projection cut into three. That the 13B models have ALiBi is told by their 40 blocks, as llama.cpp does.</summary>
internal sealed class BaichuanArchitecture() : LlamaLikeArchitecture("baichuan", "baichuan", "BaichuanForCausalLM")
{
    private const int AlibiBlocks = 40;

    public override IReadOnlyList<GgufRule> Rules { get; } = [.. Shared, new SplitRows("self_attn.W_pack", _ => 1)];

    public override string? Obstacle(DecoderConfig config) => config.Alibi == (config.Layers == AlibiBlocks) ? base.Obstacle(config)
        : $"a reader takes {AlibiBlocks} blocks, and no other number, for a model with ALiBi; this one has {config.Layers}";

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeLlama(keys, sizes, json);
        if (sizes.Layers != AlibiBlocks) return;
        // Models with ALiBi name their longest sequence otherwise, which is how they are known.
        json.Remove("max_position_embeddings");
        json["model_max_length"] = sizes.Positions;
    }
}

/// <summary>InternLM 2: LLaMA under other names, one projection, in groups, cut into three.</summary>
internal sealed class InternLm2Architecture() : LlamaLikeArchitecture("internlm2", "internlm2", "InternLM2ForCausalLM")
{
    public override IReadOnlyList<GgufRule> Rules { get; } =
    [
        new SameTensor("model.tok_embeddings", "token_embd"), new SameTensor("model.norm", "output_norm"), new SameTensor("output", "output"), new SameTensor("attention_norm", "attn_norm"),
        new SameTensor("ffn_norm", "ffn_norm"), new SameTensor("attention.wo", "attn_output"), new SameTensor("feed_forward.w1", "ffn_gate"), new SameTensor("feed_forward.w3", "ffn_up"),
        new SameTensor("feed_forward.w2", "ffn_down"), new SplitRows("attention.wqkv", c => c.KeyValueHeads),
    ];

    protected override void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeLlama(keys, sizes, json);
        json["bias"] = keys.HasTensor("blk.0.attn_output.bias");
    }
}
