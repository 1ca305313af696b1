using System.Text.Json.Nodes;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>LLaMA (Touvron et al. 2023) and what follows its layout: pre-norm, rotary halves, grouped-query attention, SwiGLU.</summary>
internal sealed class LlamaFamily : ModelFamily
{
    public override string ModelType => "llama";

    public override string BasePrefix => "model.";

    public override DecoderConfig ReadConfig(ConfigKeys keys)
    {
        var (hidden, heads, maxPositions) = (keys.Count("hidden_size"), keys.Count("num_attention_heads"), keys.Count("max_position_embeddings", 2048));
        var keyValueHeads = keys.Count("num_key_value_heads", heads);
        if (heads % keyValueHeads != 0) throw keys.Error("num_key_value_heads", $"is {keyValueHeads}, which does not divide {heads} heads");
        if (!keys.Has("head_dim") && hidden % heads != 0) throw keys.Error("num_attention_heads", $"is {heads}, which does not divide hidden_size {hidden}");
        var headDim = keys.Count("head_dim", hidden / heads);
        if (headDim % 2 != 0) throw keys.Error("head_dim", $"is {headDim}; rotary halves need an even width");
        if (keys.OptionalText("hidden_act") is { } activation and not "silu") throw keys.Error("hidden_act", $"is '{activation}'; this family has silu");
        return new DecoderConfig
        {
            ModelType = ModelType,
            VocabularySize = keys.Count("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Count("intermediate_size"),
            Layers = keys.Count("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            MaxPositions = maxPositions,
            NormEpsilon = keys.Real("rms_norm_eps", 1e-6),
            Rotary = RotaryKeys.Read(keys, maxPositions),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            AttentionBias = keys.Flag("attention_bias", false),
            MlpBias = keys.Flag("mlp_bias", false),
            InitializerRange = keys.Real("initializer_range", 0.02),
            BosTokenId = keys.Id("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.Id("pad_token_id"),
            Dtype = keys.Dtype(),
        };
    }

    public override JsonObject WriteConfig(DecoderConfig config)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = ModelType,
            ["vocab_size"] = config.VocabularySize,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadDim,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = config.MaxPositions,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_theta"] = config.Rotary.Theta,
            ["rope_scaling"] = RotaryKeys.Write(config.Rotary),
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["attention_bias"] = config.AttentionBias,
            ["mlp_bias"] = config.MlpBias,
            ["initializer_range"] = config.InitializerRange,
            ["use_cache"] = true,
        };
        if (config.BosTokenId is { } bos) json["bos_token_id"] = bos;
        if (config.EosTokenIds is [var eos]) json["eos_token_id"] = eos;
        else if (config.EosTokenIds.Count > 1) json["eos_token_id"] = new JsonArray([.. config.EosTokenIds.Select(id => (JsonNode)id)]);
        if (config.PadTokenId is { } pad) json["pad_token_id"] = pad;
        return json;
    }

    public override bool Ignores(DecoderConfig config, string tensor)
        => tensor.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || tensor.EndsWith("causal_mask", StringComparison.Ordinal) || (config.TieWordEmbeddings && tensor == HeadTensor);

    public override DecoderParts Build(DecoderConfig config, ParameterBuilder build)
    {
        var (hidden, inner) = (config.HiddenSize, config.IntermediateSize);
        var (queries, keys) = (config.Heads * config.HeadDim, config.KeyValueHeads * config.HeadDim);
        var embedding = build.Embedding("model.embed_tokens", config.VocabularySize, hidden);
        var blocks = new List<DecoderBlock>();
        for (var i = 0; i < config.Layers; i++)
        {
            var (at, n) = ($"model.layers.{i}.", i);
            ProjectionSite Attend(string name, int width, int rows) => build.Site(n, $"{at}self_attn.{name}", width, rows, config.AttentionBias);
            ProjectionSite Mlp(string name, int width, int rows) => build.Site(n, $"{at}mlp.{name}", width, rows, config.MlpBias);
            blocks.Add(new DecoderBlock(
                i,
                build.RmsNorm($"{at}input_layernorm", hidden, config.NormEpsilon),
                new Attention(i, config,
                    Attend("q_proj", hidden, queries), Attend("k_proj", hidden, keys), Attend("v_proj", hidden, keys), Attend("o_proj", queries, hidden)),
                build.RmsNorm($"{at}post_attention_layernorm", hidden, config.NormEpsilon),
                new SwiGlu(Mlp("gate_proj", hidden, inner), Mlp("up_proj", hidden, inner), Mlp("down_proj", inner, hidden))));
        }
        var norm = build.RmsNorm("model.norm", hidden, config.NormEpsilon);
        var head = config.TieWordEmbeddings ? build.Tied(embedding) : build.Projection("lm_head", hidden, config.VocabularySize, bias: false);
        return new DecoderParts(embedding, blocks, norm, head, new RotaryHalves(config.Rotary, config.HeadDim));
    }
}
