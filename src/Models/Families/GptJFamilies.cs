using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// GPT-J (Wang and Komatsuzaki 2021), and after it CodeGen (Nijkamp et al. 2022) and MOSS (Sun et al. 2023): a parallel block with one norm, rotary in pairs
/// on the first dimensions of each head, a head with a bias.
/// </summary>
internal abstract class GptJLayout(string modelType) : ModelFamily
{
    public override string ModelType => modelType;

    public override string BasePrefix => "transformer.";

    public override string EmbeddingTensor => "wte.weight";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        var config = SizeKeys.Gpt2.Read(keys, ModelType, positions: 2048, tied: false);
        var width = keys.OptionalCount("rotary_dim") ?? (keys.IsAbsent("rotary_dim") ? 64 : config.HeadDim);
        if (width > config.HeadDim || width % 2 != 0) throw keys.Error("rotary_dim", $"is {width}; an even width up to that of a head, {config.HeadDim}, is needed");
        return config with
        {
            NormEpsilon = keys.Real("layer_norm_epsilon", 1e-5),
            Activation = SizeKeys.ActivationOf(keys, "activation_function", Activation.GeluTanh),
            AttentionScale = keys.Flag("scale_attn_weights", true) ? null : 1,
            Rotary = new RotarySettings { Width = width, Pairs = true, OriginalMaxPositions = config.MaxPositions },
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("transformer.wte", c);
        var blocks = build.Blocks(c, "transformer.h", b =>
        {
            var norm = b.LayerNorm("ln_1");
            var attention = new Attention(b.Number, b.Shape, QueryKeyValue(b), b.AttentionOutput("attn.out_proj", bias: false));
            return new ParallelBlock(b.Number, norm, attention, norm, b.PlainMlp("mlp.fc_in", "mlp.fc_out", bias: true));
        });
        return new DecoderParts(
            embedding, blocks, build.LayerNorm("transformer.ln_f", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "lm_head", bias: true), PositionKind.Of(c));
    }

    protected abstract IQueryKeyValue QueryKeyValue(BlockBuilder b);
}

/// <summary>GPT-J: three projections.</summary>
internal sealed class GptJFamily() : GptJLayout("gptj")
{
    protected override IQueryKeyValue QueryKeyValue(BlockBuilder b) => b.QueryKeyValue("attn.q_proj", "attn.k_proj", "attn.v_proj", bias: false);
}

/// <summary>CodeGen and MOSS: one projection in four parts, each of queries, values, keys.</summary>
internal sealed class CodeGenFamily(string modelType) : GptJLayout(modelType)
{
    private const int Parts = 4;

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        var config = base.ReadConfig(keys);
        return config.Heads % Parts == 0 ? config : throw keys.Error("n_head", $"is {config.Heads}; a multiple of {Parts} is needed");
    }

    protected override IQueryKeyValue QueryKeyValue(BlockBuilder b) => b.Fused("attn.qkv_proj", new FusedOrder(Parts, ValueFirst: true), bias: false);
}
