using AlpacaCot.Inference.Scheduling;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

/// <summary>Beams and several answers to one prompt, through the engine.</summary>
public sealed class BeamTests : IDisposable
{
    private static readonly DecodingSettings _beams = new() { NumBeams = 4, NumReturnSequences = 4, MaxNewTokens = 6, IgnoreEos = true };
    private static readonly int[] _prompt = TinyModel.Prompt(6, 1);
    private readonly Decoder _decoder = TinyModel.Create();
    private readonly InferenceEngine _engine;

    public BeamTests() => _engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary, eos: 0));

    public void Dispose()
    {
        _engine.Dispose();
        _decoder.Dispose();
    }

    [Fact]
    public void Generate_BeamsAsWideAsThePairs_FindsTheBestOfAll()
    {
        // All sequences of two tokens: with as many beams as tokens none is lost, so the best must be found.
        var wide = _engine.Generate([Request(_beams with { NumBeams = TinyModel.Vocabulary, NumReturnSequences = 3, MaxNewTokens = 2, LengthPenalty = 0 })])[0];
        var pairs = from a in Enumerable.Range(0, TinyModel.Vocabulary) from b in Enumerable.Range(0, TinyModel.Vocabulary) select new[] { a, b };
        var all = pairs.ToList();
        var scores = _engine.LogLikelihoods([.. all.Select(pair => new ScoreRequest(_prompt, pair))]);
        var best = all.Zip(scores).OrderByDescending(pair => pair.Second.Sum).Take(3).ToList();
        Assert.Equal(best.Select(pair => pair.First), wide.Answers.Select(answer => answer.Ids));
        Assert.All(best.Zip(wide.Answers), pair => Assert.Equal(pair.First.Second.Sum, pair.Second.Score!.Value, 1e-3));
    }

    [Fact]
    public void Generate_Beams_ScoresAreThoseOfTheTokensAndTheBestComeFirst()
    {
        var answers = _engine.Generate([Request(_beams with { Logprobs = 2, LengthPenalty = 0.5 })])[0].Answers;
        Assert.Equal(4, answers.Select(answer => string.Join(' ', answer.Ids)).Distinct().Count());
        Assert.Equal(answers.Select(answer => answer.Score!.Value).OrderDescending(), answers.Select(answer => answer.Score!.Value));
        var scores = _engine.LogLikelihoods([.. answers.Select(answer => new ScoreRequest(_prompt, [.. answer.Ids]))]);
        Assert.All(answers.Zip(scores), pair =>
        {
            // A copied row of the cache that were not its parent's would give other scores.
            Assert.Equal(pair.Second.Sum / Math.Sqrt(6), pair.First.Score!.Value, 1e-3);
            Assert.All(pair.Second.Tokens.Zip(pair.First.Logprobs!), token => Assert.Equal(token.First, token.Second.Logprob, 1e-3));
            Assert.All(pair.First.Logprobs!, token => Assert.True(token.Top.Count == 2 && token.Top[0].Logprob >= token.Logprob && token.Top[0].Logprob >= token.Top[1].Logprob));
        });
    }

    [Fact]
    public void Generate_BeamsAmongOthers_SameAsAlone()
    {
        using var engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary, eos: 0), options: new EngineOptions { MaxBatch = 6, MaxCacheTokens = 90 });
        List<GenerationRequest> requests =
        [
            Request(_beams with { NumBeams = 3, NumReturnSequences = 2 }), Request(_beams with { NumBeams = 1, NumReturnSequences = 1, MaxNewTokens = 9 }),
            Request(_beams with { NumBeams = 2, NumReturnSequences = 2, Strategy = DecodingStrategy.Sample, Temperature = 1.5, Seed = 3 }),
            Request(_beams with { NumBeams = 9, NumReturnSequences = 1 }), Request(_beams with { NumBeams = 1, NumReturnSequences = 5, Strategy = DecodingStrategy.Sample, Seed = 4 }),
        ];
        var together = engine.Generate(requests);
        for (var i = 0; i < requests.Count; i++)
            Assert.Equal(_engine.Generate([requests[i]])[0].Answers.Select(answer => string.Join(' ', answer.Ids)), together[i].Answers.Select(answer => string.Join(' ', answer.Ids)));
    }

    [Fact]
    public void Generate_SampledBeams_SeedDecides()
    {
        // The study's default: four beams, drawn.
        var sampled = new DecodingSettings { Strategy = DecodingStrategy.Sample, NumBeams = 4, TopP = 0.9, TopK = 40, NoRepeatNgramSize = 6, RepetitionPenalty = 1.8, MaxNewTokens = 12, IgnoreEos = true };
        List<string> Texts() => [.. Enumerable.Range(0, 6).Select(seed => _engine.Generate([Request(sampled with { Seed = seed })])[0].Text)];
        var texts = Texts();
        Assert.Equal(texts, Texts());
        Assert.True(texts.Distinct().Count() > 1, "the seed decides nothing");
    }

    [Fact]
    public void Generate_SeveralDraws_EachByItselfAndTheFirstAsAlone()
    {
        var sampled = new DecodingSettings { Strategy = DecodingStrategy.Sample, Temperature = 1.4, MaxNewTokens = 8, IgnoreEos = true, Seed = 5, Logprobs = 0 };
        var one = _engine.Generate([Request(sampled)])[0];
        var five = _engine.Generate([Request(sampled with { NumReturnSequences = 5 })])[0];
        Assert.Equal(one.Ids, five.Answers[0].Ids);
        Assert.Equal(5, five.Answers.Select(answer => string.Join(' ', answer.Ids)).Distinct().Count());
        // What each was chosen from is the model's output after its own tokens, not another's.
        var scores = _engine.LogLikelihoods([.. five.Answers.Select(answer => new ScoreRequest(_prompt, [.. answer.Ids]))]);
        var plain = _engine.Generate([Request(sampled with { NumReturnSequences = 5, Temperature = 1 })])[0];
        var plainScores = _engine.LogLikelihoods([.. plain.Answers.Select(answer => new ScoreRequest(_prompt, [.. answer.Ids]))]);
        Assert.All(plain.Answers.Zip(plainScores), pair => Assert.Equal(pair.Second.Sum, pair.First.Logprobs!.Sum(token => token.Logprob), 1e-3));
        Assert.All(five.Answers.Zip(scores), pair => Assert.Equal(pair.Second.Tokens.Count, pair.First.Logprobs!.Count));
    }

    [Fact]
    public void Generate_DrawsThatEndEarly_LeaveTheOthersAsTheyAre()
    {
        var sampled = new DecodingSettings { Strategy = DecodingStrategy.Sample, Temperature = 1.4, MaxNewTokens = 10, IgnoreEos = true, NumReturnSequences = 6, Seed = 5 };
        var whole = _engine.Generate([Request(sampled)])[0].Answers;
        // A token of the third new place of one answer ends answers now.
        var end = whole[2].Ids[2];
        var cut = _engine.Generate([Request(sampled with { StopTokenIds = [end] })])[0].Answers;
        Assert.All(whole.Zip(cut), pair =>
        {
            var at = pair.First.Ids.ToList().IndexOf(end);
            Assert.Equal(at < 0 ? pair.First.Ids : pair.First.Ids.Take(at + 1), pair.Second.Ids);
            Assert.Equal(at < 0 ? FinishReasons.Length : FinishReasons.Stop, pair.Second.FinishReason);
        });
    }

    [Fact]
    public async Task InferAsync_Beams_OneChunkForEachAnswer()
    {
        var best = _engine.Generate([Request(_beams with { NumReturnSequences = 1 })])[0];
        var chunks = new List<TokenChunk>();
        await foreach (var chunk in _engine.InferAsync(Request(_beams with { NumReturnSequences = 1 }))) chunks.Add(chunk);
        Assert.Equal((best.Text, FinishReasons.Length, new TokenUsage(6, 6)), (Assert.Single(chunks).Text, chunks[0].FinishReason, chunks[0].Usage));
        // Of several answers one chunk each, the best first.
        var several = _engine.Generate([Request(_beams)])[0].Answers;
        chunks.Clear();
        await foreach (var chunk in _engine.InferAsync(Request(_beams))) chunks.Add(chunk);
        Assert.Equal(several.Select((answer, i) => ((long)i, i, answer.Text, answer.Score)), chunks.Select(chunk => (chunk.Seq, chunk.Answer, chunk.Text, chunk.Score)));
    }

    [Fact]
    public async Task InferAsync_BeamsCancelled_EndWithWhatThereIs()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        var chunks = new List<TokenChunk>();
        await foreach (var chunk in _engine.InferAsync(Request(_beams with { NumReturnSequences = 1 }), cancel.Token)) chunks.Add(chunk);
        Assert.Equal(FinishReasons.Cancelled, Assert.Single(chunks).FinishReason);
    }

    [Fact]
    public void Generate_NoTokenLeft_SaysSoAndLeavesOthersAlone()
    {
        var none = new DecodingSettings { MaxNewTokens = 4, SuppressTokens = [.. Enumerable.Range(0, TinyModel.Vocabulary)] };
        foreach (var settings in new[] { none, none with { Strategy = DecodingStrategy.Sample }, none with { NumBeams = 3 } })
            Assert.Contains("leave no token", Assert.Throws<InferenceException>(() => _engine.Generate([Request(settings)])).Message, StringComparison.Ordinal);
        Assert.Equal(6, _engine.Generate([Request(_beams)])[0].Ids.Count);
    }

    [Fact]
    public void Generate_ImpossibleSettings_EachIsNamed()
    {
        void Refused(DecodingSettings settings, string word)
            => Assert.Contains(word, Assert.Throws<InferenceException>(() => _engine.Generate([Request(settings)])).Message, StringComparison.Ordinal);
        Refused(new DecodingSettings { NumReturnSequences = 2 }, "num_return_sequences 2");
        Refused(_beams with { NumReturnSequences = 5 }, "num_return_sequences 5");
        Refused(_beams with { NumBeams = 0 }, "num_beams");
        Refused(_beams with { MinNewTokens = 7 }, "min_new_tokens");
        Refused(_beams with { SuppressTokens = [TinyModel.Vocabulary] }, "token id 97");
        Refused(_beams with { BadWordsIds = [[]] }, "empty");
        Refused(_beams with { TypicalP = 0 }, "typical_p");
        Refused(_beams with { TopH = 2 }, "top_h");
        Refused(_beams with { MinP = double.NaN }, "min_p");
    }

    [Fact]
    public void BeamSearch_EarlyStopping_DecidesWhenItIsOver()
    {
        // Two beams; a candidate of token 9 ends. At each step the best candidates end, and worse ones run on.
        int Steps(EarlyStopping early, double lengthPenalty, float runner)
        {
            var search = new BeamSearch(2, lengthPenalty, early, 10);
            var steps = 0;
            while (!search.Done)
            {
                steps++;
                BeamCandidate[] candidates = [new(0, 9, -1), new(0, 1, runner * steps), new(0, 2, runner * steps - 1)];
                search.Step(candidates, (beam, candidate) => new Beam([.. beam.Ids, candidate.Token], candidate.Score, [], candidate.Token == 9 ? FinishReasons.Stop : beam.Ids.Length == 9 ? FinishReasons.Length : null));
            }
            return steps;
        }

        Assert.Equal(2, Steps(EarlyStopping.WhenFull, 1, -0.1f));
        // −1/1 and −1/2 have finished; a running beam of −0.1 a token stays better until the worst of them is −1/9.
        Assert.Equal(10, Steps(EarlyStopping.WhenWorse, 1, -0.1f));
        Assert.Equal(2, Steps(EarlyStopping.WhenWorse, 1, -3f));
        // However long it grows, a beam of −1.1 a step could be at −1.1·2/10 at the limit.
        Assert.True(Steps(EarlyStopping.Never, 1, -1.1f) > Steps(EarlyStopping.WhenWorse, 1, -1.1f));
    }

    private static GenerationRequest Request(DecodingSettings decoding) => new("r", _prompt, -1, decoding);
}
