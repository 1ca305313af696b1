using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

public sealed class EngineTests : IDisposable
{
    private static readonly DecodingSettings _greedy = new() { MaxNewTokens = 20, IgnoreEos = true };
    private readonly Decoder _decoder = TinyModel.Create();
    private readonly CharacterTokenizer _tokenizer = new(TinyModel.Vocabulary, eos: 0);

    public void Dispose() => _decoder.Dispose();

    [Fact]
    public void Generate_AmongOthers_SameIdsAsAlone()
    {
        // Small limits: requests of unequal lengths join and leave at many different steps.
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxBatch = 3, MaxPrefillTokens = 24, MaxCacheTokens = 100 });
        var requests = Enumerable.Range(0, 11).Select(i => Request(TinyModel.Prompt(1 + i * 5 % 19, i), _greedy with { MaxNewTokens = 3 + i * 7 % 13 })).ToList();
        var together = engine.Generate(requests);
        for (var i = 0; i < requests.Count; i++)
        {
            Assert.Equal(engine.Generate([requests[i]])[0].Ids, together[i].Ids);
            Assert.Equal(requests[i].Decoding.MaxNewTokens, together[i].Ids.Count);
            Assert.Equal(FinishReasons.Length, together[i].FinishReason);
        }
    }

    /// <summary>LongRoPE: a sequence that outgrows the trained length is computed anew, all of it under the other divisors, so that a cached run says what whole passes say.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 20)]     // a prompt that is longer already
    public void Generate_AnswerThatOutgrowsTheTrainedLength_AsWholeForwards(int beams, int more)
    {
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(TinyModel.Config with
        {
            Rotary = new RotarySettings { Scaling = RotaryScaling.LongRope, OriginalMaxPositions = 16, ShortFactors = [1, 1, 1.5, 2], LongFactors = [3, 5, 9, 20], AttentionFactor = 1.2 },
        }, generator, ScalarType.Float32);
        using var engine = new InferenceEngine(decoder, _tokenizer);
        var prompt = TinyModel.Prompt(12 + more, 3);
        // Others that have outgrown it before, or never do, run beside it.
        var others = new[] { 2, 9, 30 }.Select(length => Request(TinyModel.Prompt(length, length), _greedy with { MaxNewTokens = 6 }));
        var answer = engine.Generate([.. others, Request(prompt, _greedy with { NumBeams = beams, MaxNewTokens = 12, Logprobs = 0 })])[^1].Answers[0];
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        for (var n = 0; n < answer.Ids.Count; n++)
        {
            long[] ids = [.. prompt.Concat(answer.Ids.Take(n)).Select(id => (long)id)];
            var hidden = decoder.Hidden(torch.tensor(ids), SegmentLayout.Single(ids.Length));
            var row = torch.nn.functional.log_softmax(decoder.Logits(hidden.narrow(0, ids.Length - 1, 1), SegmentLayout.Single(1)), -1)[0];
            if (beams == 1) Assert.Equal(row.argmax().item<long>(), answer.Ids[n]);
            Assert.Equal(row[answer.Ids[n]].item<float>(), answer.Logprobs![n].Logprob, 1e-3);
        }
    }

    [Fact]
    public void Generate_Greedy_ArgMaxOfWholeForwards()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var prompt = TinyModel.Prompt(9, 3);
        var ids = prompt.Select(id => (long)id).ToList();
        while (ids.Count < prompt.Length + 20)
        {
            using var scope = torch.NewDisposeScope();
            using var noGrad = torch.no_grad();
            var hidden = _decoder.Hidden(torch.tensor(ids.ToArray()), SegmentLayout.Single(ids.Count));
            ids.Add(_decoder.Logits(hidden.narrow(0, ids.Count - 1, 1), SegmentLayout.Single(1)).argmax(-1).item<long>());
        }
        Assert.Equal(ids.Skip(prompt.Length).Select(id => (int)id), engine.Generate([Request(prompt, _greedy)])[0].Ids);
    }

    [Fact]
    public void Generate_Sampled_SeedDecidesWhateverElseRuns()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var sampled = _greedy with { Strategy = DecodingStrategy.Sample, Temperature = 1.3, TopK = 30, TopP = 0.95 };
        var requests = Enumerable.Range(0, 5).Select(i => Request(TinyModel.Prompt(6, 1), sampled with { Seed = i })).ToList();
        var together = engine.Generate(requests);
        Assert.All(requests.Zip(together), pair => Assert.Equal(engine.Generate([pair.First])[0].Ids, pair.Second.Ids));
        Assert.True(together.Select(g => string.Join(' ', g.Ids)).Distinct().Count() > 1, "different seeds gave equal texts");
    }

    [Fact]
    public async Task InferAsync_Stream_SequenceNumbersAndWholeText()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var request = Request(TinyModel.Prompt(5, 2), _greedy);
        var chunks = new List<TokenChunk>();
        await foreach (var chunk in engine.InferAsync(request)) chunks.Add(chunk);
        var whole = engine.Generate([request])[0];
        Assert.Equal(Enumerable.Range(0, chunks.Count).Select(i => (long)i), chunks.Select(c => c.Seq));
        Assert.Equal(whole.Text, string.Concat(chunks.Select(c => c.Text)));
        Assert.Equal(whole.Ids, chunks.SelectMany(c => c.Ids));
        Assert.Equal(FinishReasons.Length, chunks[^1].FinishReason);
        Assert.All(chunks.SkipLast(1), c => Assert.Null(c.FinishReason));
        Assert.Equal(new TokenUsage(5, 20), chunks[^1].Usage);
    }

    [Fact]
    public async Task InferAsync_Cancelled_LastChunkSaysSo()
    {
        using var cancel = new CancellationTokenSource();
        using var cancelled = new ManualResetEventSlim();
        // The engine may be quicker than whoever listens: it stands still until it has been cancelled.
        var steps = 0;
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { Stepping = () => { if (++steps > 10) cancelled.Wait(TimeSpan.FromSeconds(120)); } });
        string? reason = null;
        var tokens = 0;
        await foreach (var chunk in engine.InferAsync(Request(TinyModel.Prompt(4, 2), _greedy with { MaxNewTokens = 100 }), cancel.Token))
        {
            tokens += chunk.Ids.Length;
            reason = chunk.FinishReason;
            if (tokens == 3) await cancel.CancelAsync();
            if (tokens == 3) cancelled.Set();
        }
        Assert.Equal(FinishReasons.Cancelled, reason);
        Assert.InRange(tokens, 3, 99);
    }

    [Fact]
    public async Task InferAsync_StopStringAcrossTokens_NeverShown()
    {
        var ids = Generate(TinyModel.Prompt(5, 2), _greedy).Ids;
        // The third and the fourth new token write "st" and "op": the stop string lies across them.
        var pieces = new Dictionary<int, string> { [ids[2]] = "a st", [ids[3]] = "op b" };
        using var engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary, eos: 0, pieces));
        var request = Request(TinyModel.Prompt(5, 2), _greedy with { StopStrings = ["stop"] });
        var chunks = new List<TokenChunk>();
        await foreach (var chunk in engine.InferAsync(request)) chunks.Add(chunk);
        var text = string.Concat(chunks.Select(c => c.Text));
        Assert.Equal(ids.Take(4), chunks.SelectMany(c => c.Ids));
        Assert.EndsWith("a ", text, StringComparison.Ordinal);
        Assert.Equal(FinishReasons.Stop, chunks[^1].FinishReason);
        Assert.Equal(text, engine.Generate([request])[0].Text);
        Assert.EndsWith("a stop b", engine.Generate([request])[0].FullText, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_EndOfSequence_StopsWithoutItsText()
    {
        var ids = Generate(TinyModel.Prompt(5, 2), _greedy).Ids;
        var at = ids.ToList().FindIndex(2, id => !ids.Take(2).Contains(id));
        using var engine = new InferenceEngine(_decoder, new CharacterTokenizer(TinyModel.Vocabulary, eos: ids[at]));
        var generation = engine.Generate([Request(TinyModel.Prompt(5, 2), _greedy with { IgnoreEos = false })])[0];
        Assert.Equal(ids.Take(at + 1), generation.Ids);
        Assert.Equal(FinishReasons.Stop, generation.FinishReason);
        Assert.Equal(_tokenizer.Decode([.. ids.Take(at)]), generation.Text);
    }

    [Fact]
    public void Generate_SeveralEndsOfSequence_AnyOfThemEndsTheText()
    {
        var ids = Generate(TinyModel.Prompt(5, 2), _greedy).Ids;
        var at = ids.ToList().FindIndex(2, id => !ids.Take(2).Contains(id));
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(TinyModel.Config with { EosTokenIds = [TinyModel.Vocabulary - 1, ids[at]] }, generator, ScalarType.Float32);
        using var engine = new InferenceEngine(decoder, _tokenizer);
        var ended = engine.Generate([Request(TinyModel.Prompt(5, 2), _greedy with { IgnoreEos = false })])[0];
        Assert.Equal(ids.Take(at + 1), ended.Ids);
        Assert.Equal((FinishReasons.Stop, _tokenizer.Decode([.. ids.Take(at)])), (ended.FinishReason, ended.Text));
        Assert.Equal(ids, engine.Generate([Request(TinyModel.Prompt(5, 2), _greedy)])[0].Ids);
    }

    [Fact]
    public void Generate_PromptOverWindow_RefusedOrCutFromTheLeft()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var prompt = TinyModel.Prompt(140, 5);
        var refused = Assert.Throws<InferenceException>(() => engine.Generate([Request(prompt, _greedy)]));
        Assert.Contains("140 tokens, the window 128", refused.Message, StringComparison.Ordinal);
        var cut = engine.Generate([Request(prompt, _greedy) with { Overflow = PromptOverflow.TruncateLeft }])[0];
        Assert.Equal(108, cut.PromptTokens);
        Assert.Equal(engine.Generate([Request(prompt[^108..], _greedy)])[0].Ids, cut.Ids);
        // Without room for all new tokens the answer ends with the window.
        Assert.Equal(3, engine.Generate([Request(prompt[^125..], _greedy)])[0].Ids.Count);
    }

    [Fact]
    public void Generate_BadRequest_OneLineAboutEachMistake()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var settings = _greedy with { Strategy = DecodingStrategy.Sample, Temperature = 0, TopP = 2, MaxNewTokens = 0 };
        var message = Assert.Throws<InferenceException>(() => engine.Generate([Request([1], settings)])).Message;
        Assert.Contains("temperature", message, StringComparison.Ordinal);
        Assert.Contains("top_p", message, StringComparison.Ordinal);
        Assert.Contains("max_new_tokens", message, StringComparison.Ordinal);
        Assert.Throws<InferenceException>(() => engine.Generate([Request([], _greedy)]));
        Assert.Throws<InferenceException>(() => engine.Generate([Request([TinyModel.Vocabulary], _greedy)]));
    }

    [Fact]
    public async Task InferAsync_QueueFull_Refused()
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxBatch = 1, MaxQueue = 0 });
        await Assert.ThrowsAsync<InferenceException>(async () =>
        {
            await foreach (var _ in engine.InferAsync(Request([1, 2], _greedy))) { }
        });
    }

    [Fact]
    public async Task Dispose_WhileStreaming_StreamEndsWithAnError()
    {
        var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxLength = 1_000_000 });
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (var _ in engine.InferAsync(Request([1, 2], _greedy with { MaxNewTokens = 900_000 }))) engine.Dispose();
        });
        Assert.Throws<ObjectDisposedException>(() => engine.Generate([Request([1], _greedy)]));
    }

    private Generation Generate(int[] prompt, DecodingSettings decoding)
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        return engine.Generate([Request(prompt, decoding)])[0];
    }

    private static GenerationRequest Request(int[] prompt, DecodingSettings decoding) => new("r", prompt, -1, decoding);
}
