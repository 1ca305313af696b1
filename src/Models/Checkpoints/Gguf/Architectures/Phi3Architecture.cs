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
