using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// ChatGLM-6B (Du et al. 2022; Zeng et al. 2023): a prompt that is read in both directions, rotary over two positions, and a residual branch of the normed
/// input.
/// </summary>
internal sealed class ChatGlmFamily : ModelFamily
{
    // √(2 · 28): the reference takes its default of 28 blocks whatever the model has.
    private static readonly double ResidualFactor = Math.Sqrt(56);

    private static readonly SizeKeys Sizes = new(["hidden_size"], ["num_attention_heads"], ["num_layers"], ["max_sequence_length"], ["inner_hidden_size"]);

    public override string ModelType => "chatglm";

    public override string BasePrefix => "transformer.";

    public override string EmbeddingTensor => "word_embeddings.weight";

    public override bool Recognises(ConfigKeys keys) => keys.Has("position_encoding_2d") || keys.Has("inner_hidden_size");

    public override bool Builds(DecoderConfig config) => config.Glm is not null;

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        var config = Sizes.Read(keys, ModelType, positions: 2048, tied: true);
        var twoDimensional = keys.Flag("position_encoding_2d", true);
        var unit = twoDimensional ? 4 : 2;
        if (config.HeadDim % unit != 0) throw keys.Error("num_attention_heads", $"gives heads of width {config.HeadDim}; a multiple of {unit} is needed");
        // The first releases do not name the mask tokens; they stand four and three before bos.
        var bos = config.BosTokenId ?? throw keys.Error("bos_token_id", "is missing");
        return config with
        {
            NormEpsilon = keys.Real("layernorm_epsilon", 1e-5),
            Activation = Activation.GeluTanh,
            Glm = new GlmSettings(twoDimensional, keys.Id("mask_token_id") ?? bos - 4, keys.Id("gmask_token_id") ?? bos - 3),
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("transformer.word_embeddings", c);
        var blocks = build.Blocks(c, "transformer.layers", b => new NormedResidualBlock(
            b.Number,
            b.LayerNorm("input_layernorm"),
            new Attention(b.Number, b.Shape, b.Fused("attention.query_key_value", new FusedOrder(c.Heads), bias: true), b.AttentionOutput("attention.dense", bias: true)),
            b.LayerNorm("post_attention_layernorm"),
            b.PlainMlp("mlp.dense_h_to_4h", "mlp.dense_4h_to_h", bias: true),
            ResidualFactor));
        return new DecoderParts(embedding, blocks, build.LayerNorm("transformer.final_layernorm", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "lm_head"), PositionKind.Of(c));
    }
}

/// <summary>ChatGLM2 and 3: grouped-query attention with the first half of each head rotated in pairs, fused SwiGLU, RMSNorm; causal throughout.</summary>
internal sealed class ChatGlm2Family : ModelFamily
{
    public override string ModelType => "chatglm";

    public override string BasePrefix => "transformer.";

    public override string EmbeddingTensor => "embedding.word_embeddings.weight";

    public override string HeadTensor => "transformer.output_layer.weight";

    public override bool Recognises(ConfigKeys keys) => keys.Has("multi_query_group_num") || keys.Has("padded_vocab_size");

    public override bool Builds(DecoderConfig config) => config.Glm is null;

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        Require(keys, "rmsnorm", true);
        Require(keys, "post_layer_norm", true);
        Require(keys, "apply_residual_connection_post_layernorm", false);
        var (hidden, heads) = (keys.Count("hidden_size"), keys.Count("num_attention_heads"));
        var headDim = keys.OptionalCount("kv_channels") ?? SizeKeys.HeadDim(keys, "num_attention_heads", hidden, heads);
        var groups = keys.Flag("multi_query_attention", false) ? keys.Count("multi_query_group_num", 1) : heads;
        if (heads % groups != 0) throw keys.Error("multi_query_group_num", $"is {groups}, which does not divide {heads} heads");
        if (headDim % 4 != 0) throw keys.Error("kv_channels", $"is {headDim}; half of it is rotated in pairs, so a multiple of 4 is needed");
        var positions = keys.Count("seq_length", 2048);
        return new DecoderConfig
        {
            ModelType = ModelType,
            VocabularySize = keys.Count(keys.First("padded_vocab_size", "vocab_size")),
            HiddenSize = hidden,
            IntermediateSize = keys.Count("ffn_hidden_size"),
            Layers = keys.Count(keys.First("num_layers", "num_hidden_layers")),
            Heads = heads,
            KeyValueHeads = groups,
            HeadDim = headDim,
            MaxPositions = positions,
            NormEpsilon = keys.Real("layernorm_epsilon", 1e-5),
            Rotary = new RotarySettings { Theta = 10000 * keys.Real("rope_ratio", 1), Width = headDim / 2, Pairs = true, OriginalMaxPositions = positions },
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            AttentionBias = keys.Flag("add_qkv_bias", false),
            MlpBias = keys.Flag("add_bias_linear", false),
            BosTokenId = keys.Id("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.Id("pad_token_id"),
            Dtype = keys.Dtype(),
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var embedding = build.Embedding("transformer.embedding.word_embeddings", c);
        var blocks = build.Blocks(c, "transformer.encoder.layers", b => new PreNormBlock(
            b.Number,
            b.RmsNorm("input_layernorm"),
            new Attention(b.Number, b.Shape, b.Fused("self_attention.query_key_value", new FusedOrder(1), c.AttentionBias || c.MlpBias), b.AttentionOutput("self_attention.dense", c.MlpBias)),
            b.RmsNorm("post_attention_layernorm"),
            b.FusedGatedMlp("mlp.dense_h_to_4h", "mlp.dense_4h_to_h", c.MlpBias)));
        return new DecoderParts(
            embedding, blocks, build.RmsNorm("transformer.encoder.final_layernorm", c.HiddenSize, c.NormEpsilon), build.Head(c, embedding, "transformer.output_layer"), PositionKind.Of(c));
    }

    private static void Require(ConfigKeys keys, string key, bool value)
    {
        if (keys.Flag(key, value) != value) throw keys.Error(key, $"is {(!value ? "true" : "false")}, which is not supported");
    }
}
