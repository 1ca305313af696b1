using System.Text.Json.Nodes;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models;

/// <summary>The architecture of a decoder, whatever its family calls the keys in <c>config.json</c>.</summary>
public sealed record DecoderConfig
{
    /// <summary>The family's name in <c>config.json</c>, <c>llama</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>Number of token ids: rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key/value heads; query head i reads key/value head i / (Heads / KeyValueHeads).</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of one head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Width of the token embedding where it is not that of the residual stream (OPT-350m); null where it is.</summary>
    public int? EmbeddingSize { get; init; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>Epsilon of the norms.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Base and scaling of the rotary embedding.</summary>
    public RotarySettings Rotary { get; init; } = new();

    /// <summary>Whether the scores carry the positions instead of a rotation (ALiBi, Press et al. 2022).</summary>
    public bool Alibi { get; init; }

    /// <summary>ChatGLM-6B's positions and mask; null for other families.</summary>
    public GlmSettings? Glm { get; init; }

    /// <summary>Per block how many last tokens a token sees, itself included; 0 for all. Empty where no block has such a window.</summary>
    public IReadOnlyList<int> Windows { get; init; } = [];

    /// <summary>Factor on the scores of attention; 1 / sqrt(<see cref="HeadDim"/>) where null.</summary>
    public double? AttentionScale { get; init; }

    /// <summary>Soft bound of the scores, c · tanh(score / c); 0 for none.</summary>
    public double ScoreCap { get; init; }

    /// <summary>Soft bound of the logits, likewise.</summary>
    public double LogitCap { get; init; }

    /// <summary>Function of the MLP.</summary>
    public Activation Activation { get; init; }

    /// <summary>Whether attention and MLP of a block both read its input, where the family has both kinds (GPT-NeoX).</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>Whether a block norms before its parts and not after its sums, where the family has both kinds (OPT).</summary>
    public bool NormFirst { get; init; } = true;

    /// <summary>Whether a norm stands before the head, where that is a choice (OPT).</summary>
    public bool FinalNorm { get; init; } = true;

    /// <summary>Whether the residual branch is the normed input, where that is a choice (BLOOM).</summary>
    public bool ResidualAfterNorm { get; init; }

    /// <summary>Whether the head's rows count with length one (Baichuan 2).</summary>
    public bool NormalisedHead { get; init; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Biases on the attention's projections.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Biases on the MLP's projections.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Standard deviation of fresh weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Id that begins a sequence, where the model has one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Ids that end a sequence: those of <c>config.json</c>, then those that <c>generation_config.json</c> adds.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Id for padding, where the model has one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Row of the embedding that learns nothing from being an input, as the families have it whose embedding knows its padding; null where every row does.</summary>
    public int? PaddingRow { get; init; }

    /// <summary>Type that the weights are meant to have.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>The <c>config.json</c> it was read from; keys that this program does not use are kept when the model is saved.</summary>
    public JsonObject? Source { get; init; }

    /// <summary>Whether the keys of a sequence's first tokens are the same whatever follows, for sequences of a length: then those that begin alike can share them.</summary>
    public bool BeginningsAreShared(int length) => Glm is null && !Rotary.DependsOnLength(length);

    /// <summary>Reads a <c>config.json</c> of any known family, in the forms of transformers 4 and 5.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">What to call it in errors.</param>
    /// <exception cref="ModelException">Not JSON, an unknown <c>model_type</c>, or a missing or impossible value; the message names the key.</exception>
    public static DecoderConfig Read(string json, string file = "config.json")
    {
        var keys = ConfigKeys.Parse(json, file);
        RefuseQuantised(keys);
        var config = ModelFamilies.Find(keys).ReadConfig(keys) with { Source = keys.Json };
        return config.NormEpsilon >= 0 ? config : throw new ModelException(FormattableString.Invariant($"{file}: the norms' epsilon is {config.NormEpsilon}; it must not be negative"));
    }

    /// <summary>The <c>model_type</c> that a <c>config.json</c> file names, known or not; empty where it names none.</summary>
    /// <exception cref="ModelException">It cannot be read, or is no JSON object.</exception>
    public static string ModelTypeOf(string path) => ConfigKeys.Parse(JsonText.Read(path), path).OptionalText("model_type") ?? "";

    /// <summary>Reads a <c>config.json</c> file, with or without a byte order mark.</summary>
    /// <exception cref="ModelException">It cannot be read, or as <see cref="Read"/>.</exception>
    public static DecoderConfig Load(string path) => Read(JsonText.Read(path), path);

    /// <summary>The <c>config.json</c> to save: the one it was read from with the type brought up to date, or a new one.</summary>
    /// <param name="quantised">What it says of weights in few bits; null where what is saved is whole.</param>
    public string Write(JsonObject? quantised = null)
    {
        var json = Source?.DeepClone().AsObject() ?? ModelFamilies.Of(this).WriteConfig(this);
        json.Remove("quantization_config");
        if (quantised is not null) json["quantization_config"] = quantised;
        json[json.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = ConfigKeys.NameOf(Dtype);
        return json.ToJsonString(JsonText.Indented) + "\n";
    }

    /// <summary>The same with a head that is not the embedding.</summary>
    internal DecoderConfig Untied()
    {
        var json = Source?.DeepClone().AsObject();
        if (json is not null) json["tie_word_embeddings"] = false;
        return this with { TieWordEmbeddings = false, Source = json };
    }

    private static bool IsBitsAndBytes(JsonNode? settings) => settings is JsonObject read && read["quant_method"] is JsonValue method && method.TryGetValue<string>(out var name) && name == BitsAndBytes.Method;

    // The tensors of a quantised model would be read as weights where their names and shapes happen to fit.
    private static void RefuseQuantised(ConfigKeys keys)
    {
        foreach (var key in (string[])["quantization_config", "compression_config"])
            if (keys.Has(key) && !IsBitsAndBytes(keys.Json[key]))
                throw keys.Error(key, keys.Json[key] is JsonObject settings && settings["quant_method"] is JsonValue method
                    ? $"(quant_method {method.ToJsonString()}): quantised weights are not read; take the model's unquantised release"
                    : "is set: quantised weights are not read; take the model's unquantised release");
    }
}
