using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Checkpoints.Gguf.Architectures;

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
