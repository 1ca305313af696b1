using AlpacaCot.Inference.Sampling;
using AlpacaCot.Inference.Scoring;

namespace AlpacaCot.Inference.Tests;

/// <summary>Each decoding setting acts, on numbers small enough to follow by hand.</summary>
public sealed class SamplingTests : IDisposable
{
    private readonly Models.Decoder _decoder = TinyModel.Create();

    public void Dispose() => _decoder.Dispose();

    private static float[] Logs(params double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p))];

    [Fact]
    public void TopP_FourTokens_KeepsTheFewestThatHoldTheMass()
    {
        var scores = Logs(0.15, 0.5, 0.05, 0.3);
        LogitsWarpers.TopP(scores, 0.7);
        Assert.Equal([false, true, false, true], scores.Select(float.IsFinite));
        scores = Logs(0.15, 0.5, 0.05, 0.3);
        LogitsWarpers.TopP(scores, 0.85);
        Assert.Equal([true, true, false, true], scores.Select(float.IsFinite));
        LogitsWarpers.TopP(scores, 0.01);
        Assert.Equal([false, true, false, false], scores.Select(float.IsFinite));
    }

    [Fact]
    public void TopK_Two_KeepsTheTwoLargest()
    {
        float[] scores = [1, 4, 3, 2];
        LogitsWarpers.TopK(scores, 2);
        Assert.Equal([float.NegativeInfinity, 4, 3, float.NegativeInfinity], scores);
    }

    [Fact]
    public void RepetitionPenalty_SeenTokens_AreMadeLessLikelyWhateverTheirSign()
    {
        float[] scores = [2, -2, 2, -2];
        LogitsProcessors.RepetitionPenalty(scores, [0, 1, 0], 2);
        Assert.Equal([1, -4, 2, -2], scores);
    }

    [Fact]
    public void Process_Sampling_AppliesEverySettingAndGreedyOnlyThePenalty()
    {
        var all = new DecodingSettings { Strategy = DecodingStrategy.Sample, Temperature = 2, TopK = 3, TopP = 0.85, RepetitionPenalty = 4 };
        Assert.Equal([float.NegativeInfinity, 2, 1.5f, float.NegativeInfinity], Processed(all, [0], 4, 4, 3, -9));
        Assert.Equal([1, 4, 3, -9], Processed(all with { Strategy = DecodingStrategy.Greedy }, [0], 4, 4, 3, -9));
        Assert.Equal([2, 2, 1.5f, -4.5f], Processed(new DecodingSettings { Strategy = DecodingStrategy.Sample, Temperature = 2 }, [], 4, 4, 3, -9));
        Assert.Equal([4, 4, float.NegativeInfinity, float.NegativeInfinity], Processed(new DecodingSettings { Strategy = DecodingStrategy.Sample, TopP = 0.8 }, [], 4, 4, 3, -9));
        Assert.Equal([4, 3, float.NegativeInfinity, float.NegativeInfinity], Processed(new DecodingSettings { Strategy = DecodingStrategy.Sample, TopK = 2 }, [], 4, 3, 1, -9));

        static float[] Processed(DecodingSettings settings, int[] seen, params float[] scores)
        {
            new LogitsPipeline(settings, [], seen.Length, 100).Process(scores, seen);
            return scores;
        }
    }

    [Fact]
    public void Generate_RepetitionPenalty_CountsThePromptToo()
    {
        using var engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary));
        int[] prompt = TinyModel.Prompt(6, 1);
        var settings = new DecodingSettings { MaxNewTokens = 1, IgnoreEos = true };
        var first = engine.Generate([new GenerationRequest("a", prompt, -1, settings)])[0].Ids[0];
        // With the greedy token in the prompt as well, a strong penalty must choose another one.
        int[] with = [first, .. prompt];
        var again = engine.Generate([new GenerationRequest("b", with, -1, settings)])[0].Ids[0];
        int[] both = [again, .. with];
        var plain = engine.Generate([new GenerationRequest("c", both, -1, settings)])[0].Ids[0];
        var penalised = engine.Generate([new GenerationRequest("d", [plain, .. both], -1, settings with { RepetitionPenalty = 1e6 })])[0].Ids[0];
        Assert.DoesNotContain(penalised, both);
    }

    [Fact]
    public void Generate_NewTokens_AreNoMoreThanAskedForAndFitThePositions()
    {
        using var engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary));
        var three = engine.Generate([new GenerationRequest("a", TinyModel.Prompt(5, 1), -1, new DecodingSettings { MaxNewTokens = 3, IgnoreEos = true })])[0];
        Assert.Equal((3, FinishReasons.Length, 5), (three.Ids.Count, three.FinishReason, three.PromptTokens));
        var last = engine.Generate([new GenerationRequest("b", TinyModel.Prompt(126, 1), -1, new DecodingSettings { MaxNewTokens = 30, IgnoreEos = true })])[0];
        Assert.InRange(last.Ids.Count, 1, 3);
    }

    [Fact]
    public void LogLikelihoods_OneTokenThatIsNotTheLikeliest_IsNotGreedy()
    {
        using var engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary));
        var prompt = TinyModel.Prompt(6, 1);
        var greedy = engine.Generate([new GenerationRequest("a", prompt, -1, new DecodingSettings { MaxNewTokens = 1, IgnoreEos = true })])[0].Ids[0];
        var other = (greedy + 1) % TinyModel.Vocabulary;
        var next = engine.Generate([new GenerationRequest("b", [.. prompt, other], -1, new DecodingSettings { MaxNewTokens = 1, IgnoreEos = true })])[0].Ids[0];
        var scores = engine.LogLikelihoods([new ScoreRequest(prompt, [greedy]), new ScoreRequest(prompt, [other, next]), new ScoreRequest(prompt, [other])]);
        Assert.Equal([true, false, false], scores.Select(s => s.IsGreedy));
        Assert.Equal(scores[2].Sum, scores[1].Tokens[0], 1e-4);
        Assert.Equal(scores[1].Tokens.Sum(), scores[1].Sum, 1e-9);
    }

    [Fact]
    public void RollingWindows_TenIdsByFour_HaveAsMuchContextAsFits()
    {
        var windows = RollingWindows.Of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 99, 4);
        Assert.Equal([[99], [3], [5, 6, 7]], windows.Select(w => w.Context));
        Assert.Equal([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], windows.Select(w => w.Predicted));
    }
}
