using System.Text.Json.Nodes;
using AlpacaCot.Models.Checkpoints.Gguf.Architectures;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>An architecture of GGUF files and the family that it is read as: its keys, its tensors' names, and how their rows lie.</summary>
/// <param name="name">llama.cpp's name, the prefix of its keys.</param>
/// <param name="modelType">Hugging Face's <c>model_type</c>.</param>
/// <param name="class">Hugging Face's class.</param>
/// <param name="blocks">Hugging Face's path of the blocks, with a dot behind it.</param>
internal abstract class GgufArchitecture(string name, string modelType, string @class, string blocks)
{
    /// <summary>Those that are read and written.</summary>
    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new LlamaArchitecture(), new QwenArchitecture("qwen2", "Qwen2ForCausalLM"), new QwenArchitecture("qwen3", "Qwen3ForCausalLM"), new BaichuanArchitecture(), new InternLm2Architecture(),
        new ChatGlmArchitecture(), new Phi3Architecture(), new Gemma2Architecture(), new Gpt2Architecture(), new GptNeoXArchitecture(), new BloomArchitecture(), new Phi2Architecture(),
    ];

    /// <summary>llama.cpp's name.</summary>
    public string Name => name;

    /// <summary>The <c>model_type</c> that it is read as.</summary>
    public string ModelType => modelType;

    /// <summary>Hugging Face's path of the blocks, with a dot behind it.</summary>
    public string Blocks => blocks;

    /// <summary>The <c>model_type</c>s that are written as it.</summary>
    public virtual IReadOnlyList<string> Written => [modelType];

    /// <summary>The tensors' names on both sides, and what is between them.</summary>
    public abstract IReadOnlyList<GgufRule> Rules { get; }

    /// <summary>Tensors of the file that hold numbers of the configuration.</summary>
    public virtual IReadOnlyList<string> Tables => [];

    /// <summary>The key of the norms' epsilon, which says what norm they are.</summary>
    public virtual string EpsilonKey => RmsEpsilon;

    /// <summary>Whether rotary frequencies can be scaled as the file says.</summary>
    public virtual bool Scales => false;

    /// <summary>Whether heads may be rotated in part.</summary>
    public virtual bool RotatesInPart => false;

    protected const string RmsEpsilon = "attention.layer_norm_rms_epsilon", LayerEpsilon = "attention.layer_norm_epsilon";

    /// <summary>The <c>config.json</c> that the same model has in Hugging Face's layout.</summary>
    public JsonObject Config(GgufKeys keys)
    {
        var sizes = keys.Sizes(this);
        var json = new JsonObject { ["architectures"] = new JsonArray(@class), ["model_type"] = modelType, ["torch_dtype"] = ConfigKeys.NameOf(keys.Dtype), ["tie_word_embeddings"] = sizes.Tied };
        Describe(keys, sizes, json);
        if (Scales && GgufRotary.Read(keys, sizes.HeadDim) is { } scaling) json["rope_scaling"] = scaling;
        if (!Scales) keys.RefuseScaling();
        foreach (var (to, from) in new[] { ("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding") })
            if (keys.TokenId(from) is { } id) json[to] = id;
        return json;
    }

    /// <summary>Adds the family's keys.</summary>
    protected abstract void Describe(GgufKeys keys, GgufSizes sizes, JsonObject json);

    /// <summary>Why a model of these types cannot be written; null where it can.</summary>
    public virtual string? Obstacle(DecoderConfig config)
        => config.Windows.Count > 0 ? "the model's sliding window has no place in it"
            : config.Rotary.Scaling == RotaryScaling.None || (Scales && GgufRotary.CanWrite(config.Rotary)) ? null
            : $"{config.Rotary.Scaling.ToString().ToLowerInvariant()} rotary scaling has no place in it";

    /// <summary>The keys that only this architecture has, without its name in front.</summary>
    public virtual IEnumerable<KeyValuePair<string, object>> OwnKeys(DecoderConfig config) => [];

    /// <summary>The tensors of <see cref="Tables"/> to write.</summary>
    public virtual IEnumerable<(string Name, float[] Values)> WriteTables(DecoderConfig config) => [];

    /// <summary>All keys of a model.</summary>
    public IEnumerable<KeyValuePair<string, object>> Keys(DecoderConfig config)
    {
        List<KeyValuePair<string, object>> keys =
        [
            new("context_length", (uint)config.MaxPositions), new("embedding_length", (uint)config.HiddenSize), new("block_count", (uint)config.Layers),
            new("feed_forward_length", (uint)config.IntermediateSize), new("attention.head_count", (uint)config.Heads), new("attention.head_count_kv", (uint)config.KeyValueHeads),
            new("attention.key_length", (uint)config.HeadDim), new("attention.value_length", (uint)config.HeadDim), new(EpsilonKey, (float)config.NormEpsilon), new("vocab_size", (uint)config.VocabularySize),
            .. OwnKeys(config),
        ];
        return keys.Select(key => new KeyValuePair<string, object>($"{name}.{key.Key}", key.Value));
    }

    /// <summary>The keys of a rotary embedding.</summary>
    protected static IEnumerable<KeyValuePair<string, object>> RotaryKeys(DecoderConfig config)
        => [new("rope.dimension_count", (uint)(config.Rotary.Width ?? config.HeadDim)), new("rope.freq_base", (float)config.Rotary.Theta), .. GgufRotary.Keys(config.Rotary)];

    /// <summary>The keys that LLaMA and the families after it share.</summary>
    protected static void DescribeLlama(GgufKeys keys, GgufSizes sizes, JsonObject json)
    {
        DescribeSizes(sizes, json);
        json["hidden_act"] = "silu";
        json["rms_norm_eps"] = sizes.Epsilon;
        json["num_key_value_heads"] = sizes.KeyValueHeads;
        json["head_dim"] = sizes.HeadDim;
        json["rope_theta"] = keys.Real("rope.freq_base") ?? 10000;
    }

    /// <summary>Sizes under the names that most families have.</summary>
    protected static void DescribeSizes(GgufSizes sizes, JsonObject json)
    {
        json["vocab_size"] = sizes.Vocabulary;
        json["hidden_size"] = sizes.Hidden;
        json["intermediate_size"] = sizes.Inner;
        json["num_hidden_layers"] = sizes.Layers;
        json["num_attention_heads"] = sizes.Heads;
        json["max_position_embeddings"] = sizes.Positions;
    }

    /// <summary>A share of a head that is that many of its dimensions when it is read again.</summary>
    protected static double Share(int width, int headDim)
    {
        var share = (double)width / headDim;
        return (int)(headDim * share) == width ? share : Math.BitIncrement(share);
    }
}
