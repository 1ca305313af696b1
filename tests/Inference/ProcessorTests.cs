using AlpacaCot.Inference.Sampling;

namespace AlpacaCot.Inference.Tests;

/// <summary>Each setting that changes scores, on numbers small enough to follow by hand.</summary>
public sealed class ProcessorTests
{
    private const float Removed = float.NegativeInfinity;

    private static readonly DecodingSettings _sampled = new() { Strategy = DecodingStrategy.Sample };

    private static float[] Logs(params double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p))];

    /// <summary>Processes four tokens of which the last ends the text, after a prompt of two tokens.</summary>
    private static float[] Process(DecodingSettings settings, float[] scores, params int[] newIds)
    {
        new LogitsPipeline(settings, [3], 2, 5).Process(scores, [0, 1, .. newIds]);
        return scores;
    }

    private static bool[] Kept(DecodingSettings settings, params double[] probabilities) => [.. Process(settings, Logs(probabilities)).Select(float.IsFinite)];

    [Fact]
    public void MinP_HalfOfTheLargest_KeepsThoseAbove()
        => Assert.Equal([true, true, false, false], Kept(_sampled with { MinP = 0.5 }, 0.5, 0.3, 0.15, 0.05));

    [Fact]
    public void TypicalP_ExpectedSurprise_KeepsTheNearestFirst()
    {
        // Surprises 0.92, 1.20, 1.61, 2.30 and an entropy of 1.28: the second is nearest, then the third, the first, the last.
        double[] p = [0.4, 0.3, 0.2, 0.1];
        Assert.Equal([false, true, false, false], Kept(_sampled with { TypicalP = 0.29 }, p));
        Assert.Equal([false, true, true, false], Kept(_sampled with { TypicalP = 0.45 }, p));
        Assert.Equal([true, true, true, false], Kept(_sampled with { TypicalP = 0.75 }, p));
    }

    [Fact]
    public void EpsilonCutoff_UnlikelyTokens_AreRemovedButNeverTheLikeliest()
    {
        Assert.Equal([true, true, true, false], Kept(_sampled with { EpsilonCutoff = 0.1 }, 0.4, 0.35, 0.2, 0.05));
        Assert.Equal([true, false, false, false], Kept(_sampled with { EpsilonCutoff = 0.9 }, 0.4, 0.35, 0.2, 0.05));
    }

    [Fact]
    public void EtaCutoff_FlatDistribution_CutsLessThanItsValue()
    {
        // min(0.5, √0.5 · e^(−1.19)) = 0.215.
        Assert.Equal([true, true, false, false], Kept(_sampled with { EtaCutoff = 0.5 }, 0.4, 0.35, 0.2, 0.05));
        // A sharp distribution: the cut is at its value.
        Assert.Equal([true, false, false, false], Kept(_sampled with { EtaCutoff = 0.02 }, 0.97, 0.01, 0.01, 0.01));
    }

    [Fact]
    public void TopH_PartOfTheEntropy_KeepsTheLikeliestThatHoldIt()
    {
        // −p·log p: 0.347, 0.361, 0.285, 0.150 of 1.142.
        double[] p = [0.5, 0.3, 0.15, 0.05];
        Assert.Equal([true, false, false, false], Kept(_sampled with { TopH = 0.2 }, p));
        Assert.Equal([true, true, false, false], Kept(_sampled with { TopH = 0.63 }, p));
        Assert.Equal([true, true, true, false], Kept(_sampled with { TopH = 0.9 }, p));
    }

    [Fact]
    public void Warpers_WithBeams_KeepATokenMoreThanThereAreEnds()
    {
        Assert.Equal([true, true, false, false], Kept(_sampled with { NumBeams = 2, TopK = 1 }, 0.5, 0.3, 0.15, 0.05));
        Assert.Equal([true, true, false, false], Kept(_sampled with { NumBeams = 2, TopP = 0.1 }, 0.5, 0.3, 0.15, 0.05));
        Assert.Equal([true, true, false, false], Kept(_sampled with { NumBeams = 2, MinP = 1 }, 0.5, 0.3, 0.15, 0.05));
        Assert.Equal([true, true, false, false], Kept(_sampled with { NumBeams = 2, EpsilonCutoff = 0.9 }, 0.5, 0.3, 0.15, 0.05));
    }

    [Fact]
    public void NoRepeatNgram_Two_RemovesWhatFollowedTheLastToken()
    {
        float[] Scores() => [1, 1, 1, 1];
        Assert.Equal([1, Removed, 1, 1], Process(new DecodingSettings { NoRepeatNgramSize = 2 }, Scores(), 0));
        Assert.Equal([1, 1, 1, 1], Process(new DecodingSettings { NoRepeatNgramSize = 2 }, Scores(), 2));
        Assert.Equal([Removed, Removed, Removed, 1], Process(new DecodingSettings { NoRepeatNgramSize = 1 }, Scores(), 2));
        Assert.Equal([1, 1, Removed, 1], Process(new DecodingSettings { NoRepeatNgramSize = 3 }, Scores(), 2, 0, 1));
    }

    [Fact]
    public void SequenceBias_Sequence_ActsOnItsLastTokenWhereTheOthersStandBefore()
    {
        var settings = new DecodingSettings { SequenceBias = [new([2], 3), new([1, 2], -1), new([0, 2], 8)], BadWordsIds = [[1, 0], [0, 3], [3]] };
        Assert.Equal([Removed, 0, 2, 0], Process(settings, [0, 0, 0, 0]));
        // The end of the text alone cannot be a bad word.
        Assert.Equal([0, 0, 11, Removed], Process(settings, [0, 0, 0, 0], 0));
    }

    [Fact]
    public void Suppress_Tokens_AlwaysOrAtTheBeginning()
    {
        var settings = new DecodingSettings { SuppressTokens = [0], BeginSuppressTokens = [1, 2] };
        Assert.Equal([Removed, Removed, Removed, 1], Process(settings, [1, 1, 1, 1]));
        Assert.Equal([Removed, 1, 1, 1], Process(settings, [1, 1, 1, 1], 1));
    }

    [Fact]
    public void Lengths_TheEnd_IsRemovedBeforeAndForcedAtTheLimit()
    {
        float[] Scores() => [1, 1, 1, 1];
        Assert.Equal([1, 1, 1, Removed], Process(new DecodingSettings { MinNewTokens = 1 }, Scores()));
        Assert.Equal([1, 1, 1, 1], Process(new DecodingSettings { MinNewTokens = 1 }, Scores(), 1));
        Assert.Equal([1, 1, 1, Removed], Process(new DecodingSettings { MinLength = 4 }, Scores(), 1));
        Assert.Equal([1, 1, 1, 1], Process(new DecodingSettings { MinLength = 4 }, Scores(), 1, 1));
        Assert.Equal([1, 1, 1, 1], Process(new DecodingSettings { ForcedEosTokenIds = [3] }, Scores(), 1));
        Assert.Equal([Removed, Removed, Removed, 0], Process(new DecodingSettings { ForcedEosTokenIds = [3] }, Scores(), 1, 1));
    }

    [Fact]
    public void ExponentialDecay_AfterItsStart_RaisesTheEndWhateverItsSign()
    {
        var settings = new DecodingSettings { ExponentialDecay = new ExponentialDecay(1, 2) };
        Assert.Equal([1, 1, 1, -4], Process(settings, [1, 1, 1, -4], 1));
        Assert.Equal([1, 1, 1, 0], Process(settings, [1, 1, 1, -4], 1, 1));
        Assert.Equal([1, 1, 1, 16], Process(settings, [1, 1, 1, 4], 1, 1, 1));
        Assert.Equal([1, 1, 1, Removed], Process(settings with { MinNewTokens = 9 }, [1, 1, 1, 4], 1, 1, 1));
    }

    [Fact]
    public void RemoveInvalidValues_NoNumbers_BecomeNumbers()
        => Assert.Equal([0, float.MaxValue, float.MinValue, 2], Process(new DecodingSettings { RemoveInvalidValues = true }, [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 2]));

    [Fact]
    public void RenormalizeLogits_AfterACut_SumToOne()
        => Assert.Equal(1, Process(_sampled with { TopK = 2, RenormalizeLogits = true }, [1, 2, 3, 4]).Sum(score => Math.Exp(score)), 1e-6);

    [Fact]
    public void Draw_Distribution_IsTheSoftmaxOfTheScores()
    {
        var sampler = new Sampler(1);
        var counts = new int[4];
        var scores = Logs(0.5, 0.25, 0.25, 0);
        for (var i = 0; i < 8000; i++) counts[sampler.Draw(scores)]++;
        Assert.InRange(counts[0], 3800, 4200);
        Assert.InRange(counts[1], 1830, 2170);
        Assert.Equal(0, counts[3]);
    }

    [Fact]
    public void DrawOfCandidates_WithoutReplacement_HasTheProbabilitiesOfSuchADraw()
    {
        var sampler = new Sampler(5);
        // Two beams of one token each and a third that both share none of: 0.5, 0.3, 0.2.
        float[][] scores = [[.. Logs(0.5, 0.3)], [.. Logs(0.2, 0)]];
        int first = 0, pair = 0;
        const int draws = 8000;
        for (var i = 0; i < draws; i++)
        {
            var drawn = BeamCandidates.Draw(scores, [0, 0], 2, sampler);
            Assert.NotEqual(drawn[0], drawn[1]);
            if (drawn[0] is { Parent: 0, Token: 0 })
            {
                first++;
                if (drawn[1] is { Parent: 1, Token: 0 }) pair++;
            }
        }
        Assert.InRange(first / (double)draws, 0.475, 0.525);
        // 0.5, then 0.2 of the 0.5 that is left.
        Assert.InRange(pair / (double)draws, 0.18, 0.22);
        Assert.Equal(3, BeamCandidates.Draw(scores, [0, 0], 8, sampler).Count);
    }
}
