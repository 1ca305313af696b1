using AlpacaCot.Inference;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;

namespace AlpacaCot.Tests.Worker;

/// <summary>Every field of a decoding arrives in the engine's settings; words and tokens become the ids of the model that is asked.</summary>
public sealed class DecodingsTests
{
    [Fact]
    public void Of_EveryField_Arrives()
    {
        var settings = Decodings.Of(
            new DecodingSpec
            {
                Strategy = DecodingSpec.Sample, MaxNewTokens = 9, MinNewTokens = 2, MinLength = 12, NumBeams = 4, LengthPenalty = 0.5, EarlyStopping = "never",
                Temperature = 0.7, TopH = 0.6, TopK = 5, TopP = 0.9, MinP = 0.05, TypicalP = 0.8, EpsilonCutoff = 0.01, EtaCutoff = 0.02,
                RepetitionPenalty = 1.3, NoRepeatNgramSize = 3, ExponentialDecayLengthPenalty = [5, 1.1], RemoveInvalidValues = true, RenormalizeLogits = true, Stop = ["END", "\n"],
            },
            new LetterTokenizer(), 7);
        Assert.Equal((DecodingStrategy.Sample, 9, 2, 12, 7L), (settings.Strategy, settings.MaxNewTokens, settings.MinNewTokens, settings.MinLength, settings.Seed));
        Assert.Equal((4, 0.5, EarlyStopping.Never, true, true), (settings.NumBeams, settings.LengthPenalty, settings.EarlyStopping, settings.RemoveInvalidValues, settings.RenormalizeLogits));
        Assert.Equal((0.7, 0.6, 5, 0.9, 0.05), (settings.Temperature, settings.TopH, settings.TopK, settings.TopP, settings.MinP));
        Assert.Equal((0.8, 0.01, 0.02, 1.3, 3), (settings.TypicalP, settings.EpsilonCutoff, settings.EtaCutoff, settings.RepetitionPenalty, settings.NoRepeatNgramSize));
        Assert.Equal(new ExponentialDecay(5, 1.1), settings.ExponentialDecay);
        Assert.Equal(["END", "\n"], settings.StopStrings);
        Assert.Equal((DecodingStrategy.Greedy, EarlyStopping.WhenWorse), (Decodings.Of(new DecodingSpec(), new LetterTokenizer()).Strategy, Decodings.Of(new DecodingSpec(), new LetterTokenizer()).EarlyStopping));
        Assert.Equal(EarlyStopping.WhenFull, Decodings.Of(new DecodingSpec { EarlyStopping = "true" }, new LetterTokenizer()).EarlyStopping);
    }

    [Fact]
    public void Of_WordsAndTokens_AreTheTokenizersIds()
    {
        var settings = Decodings.Of(
            new DecodingSpec
            {
                BadWords = ["ab"], SequenceBias = new Dictionary<string, double> { ["b"] = -2 }, SuppressTokens = ["3", "a"], BeginSuppressTokens = ["b"], ForcedEos = ["<end>"], StopTokens = ["0", "<end>"],
            },
            new LetterTokenizer());
        // A word is avoided within a word and after a space.
        Assert.Equal([[1, 2], [4, 1, 2]], settings.BadWordsIds);
        Assert.Equal([(2, 1, -2.0), (2, 2, -2.0)], settings.SequenceBias.Select(bias => (bias.Ids[^1], bias.Ids.Count, bias.Bias)));
        Assert.Equal([3, 1], settings.SuppressTokens);
        Assert.Equal([2], settings.BeginSuppressTokens);
        Assert.Equal([0], settings.ForcedEosTokenIds);
        Assert.Equal([0, 0], settings.StopTokenIds);
    }

    [Theory]
    [InlineData("<nothing>")]
    [InlineData("5")]
    [InlineData("99999999999")]
    public void Of_TokenThatThereIsNot_SaysWhichAndWhere(string token)
        => Assert.Equal($"suppress_tokens: the tokenizer has no token {token} (ids are below 5)", Assert.Throws<InferenceException>(() => Decodings.Of(new DecodingSpec { SuppressTokens = [token] }, new LetterTokenizer())).Message);
}
