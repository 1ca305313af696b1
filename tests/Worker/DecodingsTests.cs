using AlpacaCot.Inference;
using AlpacaCot.Inference.Sampling;
using AlpacaCot.Inference.Scheduling;
using AlpacaCot.Inference.Scoring;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;

namespace AlpacaCot.Tests.Worker;

/// <summary>Every field of a decoding arrives in the engine's settings.</summary>
public sealed class DecodingsTests
{
    [Fact]
    public void Of_EveryField_Arrives()
    {
        var settings = Decodings.Of(
            new DecodingSpec { Strategy = DecodingSpec.Sample, MaxNewTokens = 9, Temperature = 0.7, TopK = 5, TopP = 0.9, RepetitionPenalty = 1.3, Stop = ["END", "\n"] }, 7);
        Assert.Equal((DecodingStrategy.Sample, 9, 0.7, 5, 0.9, 1.3, 7L), (settings.Strategy, settings.MaxNewTokens, settings.Temperature, settings.TopK, settings.TopP, settings.RepetitionPenalty, settings.Seed));
        Assert.Equal(["END", "\n"], settings.StopStrings);
        Assert.Equal(DecodingStrategy.Greedy, Decodings.Of(new DecodingSpec()).Strategy);
    }
}
