using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Tests;

/// <summary>A small fresh model of every family and of the variants that compute differently.</summary>
internal static class FamilyModels
{
    private const string Llama = "\"vocab_size\": 50, \"hidden_size\": 32, \"intermediate_size\": 40, \"num_hidden_layers\": 3, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"initializer_range\": 0.2";
    private const string Gpt = "\"vocab_size\": 50, \"n_embd\": 32, \"n_layer\": 3, \"n_head\": 4, \"n_positions\": 64, \"initializer_range\": 0.2";
    private const string Equal = "\"vocab_size\": 50, \"hidden_size\": 32, \"intermediate_size\": 40, \"num_hidden_layers\": 3, \"num_attention_heads\": 4, \"initializer_range\": 0.2";
    private const string Glm = "\"vocab_size\": 50, \"hidden_size\": 32, \"inner_hidden_size\": 40, \"num_layers\": 3, \"num_attention_heads\": 4, \"initializer_range\": 0.2, \"bos_token_id\": 40, \"mask_token_id\": 36, \"gmask_token_id\": 37";

    /// <summary>Name and <c>config.json</c> of each.</summary>
    public static IReadOnlyDictionary<string, string> Configs { get; } = new Dictionary<string, string>
    {
        ["llama"] = $$"""{"model_type": "llama", {{Llama}}}""",
        ["mistral"] = $$"""{"model_type": "mistral", {{Llama}}, "sliding_window": 5}""",
        ["qwen2"] = $$"""{"model_type": "qwen2", {{Llama}}, "use_sliding_window": true, "sliding_window": 4, "max_window_layers": 1}""",
        ["qwen3"] = $$"""{"model_type": "qwen3", {{Llama}}, "head_dim": 16}""",
        ["internlm"] = $$"""{"model_type": "internlm", {{Llama}}, "bias": true}""",
        ["internlm2"] = $$"""{"model_type": "internlm2", {{Llama}}, "bias": false}""",
        ["baichuan rotary"] = $$"""{"model_type": "baichuan", "architectures": ["BaiChuanForCausalLM"], {{Equal}}, "max_position_embeddings": 64}""",
        ["baichuan alibi"] = $$"""{"model_type": "baichuan", "architectures": ["BaichuanForCausalLM"], {{Equal}}, "model_max_length": 64, "tokenizer_class": "BaichuanTokenizer"}""",
        ["bloom"] = """{"model_type": "bloom", "vocab_size": 50, "n_embed": 36, "n_layer": 3, "num_attention_heads": 6, "initializer_range": 0.2}""",
        ["bloom after norm"] = """{"model_type": "bloom", "vocab_size": 50, "n_embed": 32, "n_layer": 3, "num_attention_heads": 4, "initializer_range": 0.2, "apply_residual_connection_post_layernorm": true}""",
        ["gpt_neox"] = $$"""{"model_type": "gpt_neox", {{Equal}}, "rotary_pct": 0.5}""",
        ["gpt_neox sequential"] = $$"""{"model_type": "gpt_neox", {{Equal}}, "rotary_pct": 0.5, "use_parallel_residual": false, "attention_bias": false}""",
        ["gpt2"] = $$"""{"model_type": "gpt2", {{Gpt}}}""",
        ["gptj"] = $$"""{"model_type": "gptj", {{Gpt}}, "rotary_dim": 4}""",
        ["codegen"] = $$"""{"model_type": "codegen", {{Gpt}}, "rotary_dim": 4}""",
        ["moss"] = $$"""{"model_type": "moss", {{Gpt}}, "rotary_dim": 8}""",
        ["phi"] = $$"""{"model_type": "phi", {{Llama}}, "partial_rotary_factor": 0.5}""",
        ["phi3"] = $$"""{"model_type": "phi3", {{Llama}}, "sliding_window": 6}""",
        ["gemma2"] = $$"""{"model_type": "gemma2", {{Llama}}, "head_dim": 16, "sliding_window": 4, "query_pre_attn_scalar": 12, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 5.0}""",
        ["opt"] = """{"model_type": "opt", "vocab_size": 50, "hidden_size": 32, "ffn_dim": 40, "num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 64, "init_std": 0.2}""",
        ["opt narrow"] = """{"model_type": "opt", "vocab_size": 50, "hidden_size": 32, "ffn_dim": 40, "num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 64, "init_std": 0.2, "do_layer_norm_before": false, "word_embed_proj_dim": 20}""",
        ["chatglm"] = $$"""{"model_type": "chatglm", {{Glm}}, "position_encoding_2d": true}""",
        ["chatglm one position"] = $$"""{"model_type": "chatglm", {{Glm}}, "position_encoding_2d": false}""",
        ["chatglm2"] = """{"model_type": "chatglm", "padded_vocab_size": 50, "hidden_size": 32, "ffn_hidden_size": 40, "num_layers": 3, "num_attention_heads": 4, "kv_channels": 12, "multi_query_attention": true, "multi_query_group_num": 2, "add_qkv_bias": true, "seq_length": 64}""",
    };

    /// <summary>The model with norms and biases away from their start.</summary>
    public static Decoder Create(string name, ScalarType dtype = ScalarType.Float32)
    {
        using var generator = new Generator(11);
        var decoder = Decoder.CreateRandom(DecoderConfig.Read(Configs[name]), generator, dtype, TestDevice.Chosen);
        using var _ = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        foreach (var parameter in decoder.Parameters.Values)
            if (parameter.dim() == 1) parameter.add_(torch.randn(parameter.shape, generator: generator).to(parameter.device) * 0.1);
        return decoder;
    }

    /// <summary>So many ids; a prompt of six that ends with [gMASK] and bos where the family needs one.</summary>
    public static long[] Ids(Decoder decoder, int count, int from = 5)
    {
        var ids = Enumerable.Range(0, count).Select(i => (long)(3 + (from + i * 7) % 30)).ToArray();
        if (decoder.Config.Glm is { } glm) (ids[4], ids[5]) = (glm.GenerationMaskToken, decoder.Config.BosTokenId!.Value);
        return ids;
    }
}
