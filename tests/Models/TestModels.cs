namespace AlpacaCot.Models.Tests;

/// <summary>Small fresh models.</summary>
internal static class TestModels
{
    public static DecoderConfig Tiny { get; } = new()
    {
        ModelType = "llama",
        VocabularySize = 50,
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        HeadDim = 4,
        MaxPositions = 64,
        BosTokenId = 1,
        EosTokenIds = [2, 3],
        InitializerRange = 0.2,
    };

    public static Decoder Random(DecoderConfig? config = null, ulong seed = 7)
    {
        using var generator = new Generator(seed);
        return Decoder.CreateRandom(config ?? Tiny, generator);
    }
}
