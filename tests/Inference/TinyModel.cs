using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

/// <summary>A small decoder with fresh weights: what behaviour is tested with where no reference is needed.</summary>
internal static class TinyModel
{
    public const int Vocabulary = 97;

    public static DecoderConfig Config { get; } = new()
    {
        ModelType = "llama",
        VocabularySize = Vocabulary,
        HiddenSize = 32,
        IntermediateSize = 64,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        HeadDim = 8,
        MaxPositions = 128,
        InitializerRange = 0.5,
    };

    public static Decoder Create(ulong seed = 7)
    {
        using var generator = new Generator(seed);
        return Decoder.CreateRandom(Config, generator, ScalarType.Float32, TestDevice.Chosen);
    }

    public static int[] Prompt(int length, int seed) => [.. Enumerable.Range(0, length).Select(i => 1 + (i * 31 + seed * 17 + i * i * 7) % (Vocabulary - 1))];
}
