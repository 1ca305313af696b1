using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// OPT (Zhang et al. 2022): learned positions from row 2 on, ReLU. The 350M model norms after its sums, has no final norm, and an embedding narrower than
/// its blocks.
/// </summary>
internal sealed class OptFamily : ModelFamily
{
    // The table's first two rows are left over from fairseq's padding.
    private const int Offset = 2;

    private static readonly SizeKeys Sizes = new(["hidden_size"], ["num_attention_heads"], ["num_hidden_layers"], ["max_position_embeddings"], ["ffn_dim"]);

    public override string ModelType => "opt";

    public override string EmbeddingTensor => "decoder.embed_tokens.weight";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        if (!keys.Flag("layer_norm_elementwise_affine", true)) throw keys.Error("layer_norm_elementwise_affine", "is false, which is not supported");
        var config = Sizes.Read(keys, ModelType, positions: 2048, tied: true);
        var normFirst = keys.Flag("do_layer_norm_before", true);
        return config with
        {
            Activation = SizeKeys.ActivationOf(keys, "activation_function", Activation.Relu),
            AttentionBias = keys.Flag("enable_bias", true),
            MlpBias = keys.Flag("enable_bias", true),
            NormFirst = normFirst,
            FinalNorm = normFirst && !keys.Flag("_remove_final_layer_norm", false),
            EmbeddingSize = keys.Count("word_embed_proj_dim", config.HiddenSize),
            InitializerRange = keys.Real("init_std", 0.02),
            PaddingRow = keys.PaddingRow(config.VocabularySize, absent: 1),
        };
    }

    public override DecoderParts Build(DecoderConfig c, ParameterBuilder build)
    {
        var width = c.EmbeddingSize ?? c.HiddenSize;
        var embedding = build.Embedding("model.decoder.embed_tokens", c);
        var positions = new LearnedPositions(build.Table("model.decoder.embed_positions", c.MaxPositions + Offset, c.HiddenSize), Offset);
        ProjectionSite? Project(string name, int input, int output) => width == c.HiddenSize ? null : build.Site(ProjectionSite.Outside, $"model.decoder.{name}", input, output, bias: false);
        var enter = Project("project_in", width, c.HiddenSize);
        var blocks = build.Blocks(c, "model.decoder.layers", b =>
        {
            var attention = new Attention(
                b.Number, b.Shape, b.QueryKeyValue("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", c.AttentionBias), b.AttentionOutput("self_attn.out_proj", c.AttentionBias));
            var attentionNorm = b.LayerNorm("self_attn_layer_norm");
            var mlp = b.PlainMlp("fc1", "fc2", c.MlpBias);
            var mlpNorm = b.LayerNorm("final_layer_norm");
            return c.NormFirst ? new PreNormBlock(b.Number, attentionNorm, attention, mlpNorm, mlp) : new PostNormBlock(b.Number, attention, attentionNorm, mlp, mlpNorm);
        });
        INorm norm = c.FinalNorm ? build.LayerNorm("model.decoder.final_layer_norm", c.HiddenSize, c.NormEpsilon) : new NoNorm();
        var leave = Project("project_out", c.HiddenSize, width);
        return new DecoderParts(embedding, blocks, norm, build.Head(c, embedding, "lm_head"), positions) { Stage = new EmbeddingStage(Project: enter), Leave = leave };
    }
}
