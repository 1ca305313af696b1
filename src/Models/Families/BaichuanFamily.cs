using System.Text.Json.Nodes;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// Baichuan 1 and 2 (Yang et al. 2023): LLaMA with queries, keys and values in one projection in a row. The 7B models are rotary, the 13B ones have
/// ALiBi; the second generation's head counts every row with length one.
/// </summary>
internal sealed class BaichuanFamily : ModelFamily
{
    // Of the second generation's released models; the first generation's have 64,000.
    private const int SecondVocabulary = 125_696;

    public override string ModelType => "baichuan";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        LlamaKeys.RequireSilu(keys);
        var config = LlamaKeys.Read(keys, ModelType, new LlamaDefaults(MaxPositions: keys.Count("model_max_length", 4096), Padding: 0));
        // One model_type for all: the class's capital C, and the key for positions that only the rotary models have, tell them apart.
        var first = keys.Json["architectures"] is JsonArray names && names.Any(name => name?.ToString() == "BaiChuanForCausalLM");
        return config with
        {
            KeyValueHeads = config.Heads,
            AttentionBias = false,
            MlpBias = false,
            Alibi = !first && !keys.Has("max_position_embeddings"),
            NormalisedHead = keys.OptionalText("tokenizer_class") == "BaichuanTokenizer" || config.VocabularySize == SecondVocabulary,
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build) => LlamaLayout.Build(
        c, build, b => new Attention(b.Number, b.Shape, b.Fused("self_attn.W_pack", new FusedOrder(1), bias: false), b.AttentionOutput("self_attn.o_proj", bias: false)));
}
