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
        return Decoder.CreateRandom(config ?? Tiny, generator, device: TestDevice.Chosen);
    }

    /// <summary>Requires the same logits of two models for one row.</summary>
    public static void AssertLogits(Decoder expected, Decoder actual, double tolerance)
    {
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var layout = SegmentLayout.Single(20);
        Tensor Logits(Decoder decoder) => decoder.Logits(decoder.Hidden(torch.arange(20) + 3, layout), layout);
        GoldenTensors.AssertClose(Logits(expected), Logits(actual), tolerance, "logits");
    }
}
