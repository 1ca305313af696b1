using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>Reads the sizes of families that do not follow LLaMA's keys; each may write a key under one of several names.</summary>
/// <param name="Hidden">Names of the width of the residual stream.</param>
/// <param name="Heads">Names of the number of heads.</param>
/// <param name="Layers">Names of the number of blocks.</param>
/// <param name="Positions">Names of the longest sequence.</param>
/// <param name="Inner">Names of the MLP's width; four times the hidden size where none is given.</param>
internal sealed record SizeKeys(string[] Hidden, string[] Heads, string[] Layers, string[] Positions, string[] Inner)
{
    /// <summary>GPT-2's names, and those that transformers maps onto them.</summary>
    public static SizeKeys Gpt2 { get; } = new(["n_embd", "hidden_size"], ["n_head", "num_attention_heads"], ["n_layer", "num_hidden_layers"], ["n_positions", "max_position_embeddings", "n_ctx"], ["n_inner"]);

    /// <summary>The names that most families have.</summary>
    public static SizeKeys Usual { get; } = new(["hidden_size"], ["num_attention_heads"], ["num_hidden_layers"], ["max_position_embeddings"], ["intermediate_size"]);

    /// <summary>Sizes, tokens and type; everything else is the family's.</summary>
    /// <param name="keys">The <c>config.json</c>.</param>
    /// <param name="modelType">The family.</param>
    /// <param name="positions">Longest sequence where no key tells it.</param>
    /// <param name="tied">Whether the head is the embedding where no key tells it.</param>
    public DecoderConfig Read(ConfigKeys keys, string modelType, int positions, bool tied)
    {
        var (hidden, heads) = (keys.Count(keys.First(Hidden)), keys.Count(keys.First(Heads)));
        return new DecoderConfig
        {
            ModelType = modelType,
            VocabularySize = keys.Count("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Count(keys.First(Inner), 4 * hidden),
            Layers = keys.Count(keys.First(Layers)),
            Heads = heads,
            KeyValueHeads = heads,
            HeadDim = HeadDim(keys, keys.First(Heads), hidden, heads),
            MaxPositions = keys.Count(keys.First(Positions), positions),
            NormEpsilon = 1e-5,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", tied),
            InitializerRange = keys.Real("initializer_range", 0.02),
            BosTokenId = keys.Id("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.Id("pad_token_id"),
            Dtype = keys.Dtype(),
        };
    }

    /// <summary>Width of a head where it follows from the hidden size.</summary>
    public static int HeadDim(ConfigKeys keys, string headsKey, int hidden, int heads)
        => hidden % heads == 0 ? hidden / heads : throw keys.Error(headsKey, $"is {heads}, which does not divide hidden_size {hidden}");

    /// <summary>The activation that a key names.</summary>
    public static Activation ActivationOf(ConfigKeys keys, string key, Activation otherwise) => keys.OptionalText(key) is not { } name
        ? otherwise
        : Activations.Find(name) ?? throw keys.Error(key, $"is '{name}'; known are {string.Join(", ", Activations.Known)}");
}
