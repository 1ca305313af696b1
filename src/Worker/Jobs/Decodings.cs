using AlpacaCot.Inference;
using AlpacaCot.Specs;

namespace AlpacaCot.Worker.Jobs;

/// <summary>How a spec's answers are decoded, as the engine's settings of one request.</summary>
internal static class Decodings
{
    /// <summary>The settings of a request with a seed of its own.</summary>
    public static DecodingSettings Of(DecodingSpec decoding, long seed = 0) => new()
    {
        Strategy = decoding.Strategy == DecodingSpec.Sample ? DecodingStrategy.Sample : DecodingStrategy.Greedy,
        Temperature = decoding.Temperature,
        TopK = decoding.TopK,
        TopP = decoding.TopP,
        RepetitionPenalty = decoding.RepetitionPenalty,
        MaxNewTokens = decoding.MaxNewTokens,
        StopStrings = decoding.Stop,
        Seed = seed,
    };
}
