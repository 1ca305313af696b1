using AlpacaCot.Inference.Sampling;
using AlpacaCot.Inference.Scoring;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

public sealed class ScoringTests : IDisposable
{
    private readonly Decoder _decoder = TinyModel.Create();
    private readonly CharacterTokenizer _tokenizer = new(TinyModel.Vocabulary, eos: 0);

    public void Dispose() => _decoder.Dispose();

    [Fact]
    public void LogLikelihoods_PackedAndShared_EqualWholeForwards()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxPrefillTokens = 50 });
        var requests = new List<ScoreRequest>();
        for (var i = 0; i < 12; i++)
        {
            var context = TinyModel.Prompt(4 + i, i);
            // The same context four times over, once with a continuation that begins another one.
            requests.Add(new ScoreRequest(context, [5]));
            requests.Add(new ScoreRequest(context, [9, 4, 2]));
            requests.Add(new ScoreRequest(context, [9, 4]));
            requests.Add(new ScoreRequest([.. context, 9], [4, 2, 1]));
        }
        var scores = engine.LogLikelihoods(requests);
        for (var i = 0; i < requests.Count; i++)
        {
            var (sum, greedy) = Whole(requests[i]);
            Assert.Equal(sum, scores[i].Sum, 1e-4);
            Assert.Equal(greedy, scores[i].IsGreedy);
            Assert.Equal(scores[i].Sum, scores[i].Tokens.Sum(), 1e-9);
        }
    }

    /// <summary>Questions behind the same examples, options of several tokens behind each question, in passes that hold some of them.</summary>
    [Theory]
    [InlineData(4096)]
    [InlineData(90)]
    public void LogLikelihoods_OfOptionsBehindExamples_EqualWholeForwards(int budget)
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxPrefillTokens = budget });
        var examples = TinyModel.Prompt(40, 1);
        var requests = (from question in Enumerable.Range(0, 6)
                        from option in Enumerable.Range(0, 4)
                        select new ScoreRequest([.. examples, .. TinyModel.Prompt(9 + question, 20 + question)], TinyModel.Prompt(1 + option, option))).ToList();
        var scores = engine.LogLikelihoods(requests);
        foreach (var (request, score) in requests.Zip(scores))
        {
            var (sum, greedy) = Whole(request);
            Assert.Equal(sum, score.Sum, 1e-4);
            Assert.Equal(greedy, score.IsGreedy);
        }
    }

    /// <summary>With dynamic scaling every angle depends on the length, so that a short request is no beginning of a long one.</summary>
    [Fact]
    public void LogLikelihoods_AnglesThatDependOnTheLength_EachAsAlone()
    {
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(TinyModel.Config with { Rotary = new RotarySettings { Scaling = RotaryScaling.Dynamic, Factor = 4, OriginalMaxPositions = 8 } }, generator, ScalarType.Float32);
        using var engine = new InferenceEngine(decoder, _tokenizer);
        var context = TinyModel.Prompt(12, 3);
        ScoreRequest[] requests = [new(context, [5]), new(context, [9, 4, 2, 8, 1, 3]), new(context, [9, 4])];
        var together = engine.LogLikelihoods(requests);
        foreach (var (request, score) in requests.Zip(together)) Assert.Equal(engine.LogLikelihoods([request])[0].Sum, score.Sum, 1e-4);
    }

    [Fact]
    public void LogLikelihoods_OverWindow_LastIdsAreFed()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxLength = 16 });
        var context = TinyModel.Prompt(40, 1);
        var score = engine.LogLikelihoods([new ScoreRequest(context, [7, 8])])[0];
        Assert.Equal(42 - 17, score.TruncatedTokens);
        Assert.Equal(Whole(new ScoreRequest(context[^15..], [7, 8])).Sum, score.Sum, 1e-4);
    }

    [Fact]
    public void LogLikelihoods_Greedy_ContinuationOfTheEngineIsGreedy()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var prompt = TinyModel.Prompt(6, 4);
        var ids = engine.Generate([new GenerationRequest("g", prompt, -1, new DecodingSettings { MaxNewTokens = 8, IgnoreEos = true })])[0].Ids;
        Assert.True(engine.LogLikelihoods([new ScoreRequest(prompt, [.. ids])])[0].IsGreedy);
        Assert.False(engine.LogLikelihoods([new ScoreRequest(prompt, [.. ids.SkipLast(1), (ids[^1] + 1) % TinyModel.Vocabulary])])[0].IsGreedy);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(10, 10)]
    [InlineData(11, 10)]
    [InlineData(20, 10)]
    [InlineData(37, 10)]
    [InlineData(5, 1)]
    public void RollingWindows_AnyLength_EveryIdPredictedOnceAndWindowsFit(int length, int window)
    {
        int[] ids = [.. Enumerable.Range(100, length)];
        var windows = RollingWindows.Of(ids, 3, window);
        Assert.Equal(ids, windows.SelectMany(w => w.Predicted));
        Assert.Equal([3], windows[0].Context);
        Assert.All(windows, w => Assert.InRange(w.Context.Length + w.Predicted.Length, 2, window + 1));
        Assert.All(windows.Skip(1), w => Assert.Equal(window + 1, w.Context.Length + w.Predicted.Length));
        Assert.Empty(RollingWindows.Of([], 3, window));
    }

    [Fact]
    public void LogLikelihoods_BadRequest_Refused()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxLength = 4 });
        Assert.Throws<InferenceException>(() => engine.LogLikelihoods([new ScoreRequest([], [1])]));
        Assert.Throws<InferenceException>(() => engine.LogLikelihoods([new ScoreRequest([1], [])]));
        Assert.Throws<InferenceException>(() => engine.LogLikelihoods([new ScoreRequest([1], [1, 2, 3, 4, 5])]));
        Assert.Throws<InferenceException>(() => engine.LogLikelihoods([new ScoreRequest([1], [-1])]));
    }

    private (double Sum, bool Greedy) Whole(ScoreRequest request)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        long[] all = [.. request.Context, .. request.Continuation];
        var logits = _decoder.Logits(_decoder.Hidden(torch.tensor(all), SegmentLayout.Single(all.Length)), SegmentLayout.Single(all.Length));
        var values = logits.log_softmax(-1).ToArray<float>();
        double sum = 0;
        var greedy = true;
        for (var i = request.Context.Length; i < all.Length; i++)
        {
            var row = values.AsSpan((i - 1) * TinyModel.Vocabulary, TinyModel.Vocabulary);
            sum += row[(int)all[i]];
            greedy &= Sampler.ArgMax(row) == all[i];
        }
        return (sum, greedy);
    }
}
