using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

/// <summary>What prompts begin with in common is read once; no answer changes by it.</summary>
public sealed class SharedPromptTests : IDisposable
{
    private static readonly DecodingSettings _greedy = new() { MaxNewTokens = 6, IgnoreEos = true };
    private readonly Decoder _decoder = TinyModel.Create();
    private readonly CharacterTokenizer _tokenizer = new(TinyModel.Vocabulary, eos: 0);

    public void Dispose() => _decoder.Dispose();

    /// <summary>Eight questions behind the same examples, all at once or a few at a time: the examples are read once, by those that come later out of the cache of those that run.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(3)]
    public void Generate_PromptsBehindTheSameExamples_ReadThemOnce(int batch)
    {
        var examples = TinyModel.Prompt(40, 1);
        var requests = Enumerable.Range(0, 8).Select(n => new GenerationRequest($"{n}", [.. examples, .. TinyModel.Prompt(3 + n, 50 + n)], -1, _greedy with { MaxNewTokens = 4 + n % 3 })).ToList();
        var counter = new Counter();
        using var engine = new InferenceEngine(_decoder, _tokenizer, counter, new EngineOptions { MaxBatch = batch });
        var together = engine.Generate(requests);
        var own = requests.Sum(request => request.Prompt.Length - examples.Length);
        // One token may be common to two questions by chance.
        Assert.InRange(counter.Prompts, examples.Length + own - requests.Count, examples.Length + own);
        foreach (var (request, answer) in requests.Zip(together)) Assert.Equal(Alone(request), answer.Ids);
    }

    /// <summary>A prompt that is the beginning of another, and equal ones: the last token of each is read all the same.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(2)]
    public void Generate_PromptsThatContainEachOther_EachAsAlone(int batch)
    {
        var whole = TinyModel.Prompt(30, 2);
        int[] lengths = [30, 20, 30, 12, 20];
        var requests = lengths.Select((length, n) => new GenerationRequest($"{n}", whole[..length], -1, _greedy)).ToList();
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxBatch = batch });
        var together = engine.Generate(requests);
        foreach (var (request, answer) in requests.Zip(together)) Assert.Equal(Alone(request), answer.Ids);
    }

    [Fact]
    public void Generate_BeamsAndSeveralAnswersBehindOneBeginning_EachAsAlone()
    {
        var examples = TinyModel.Prompt(25, 4);
        DecodingSettings[] decodings = [_greedy, _greedy with { NumBeams = 3 }, _greedy with { Strategy = DecodingStrategy.Sample, NumReturnSequences = 3, Seed = 5 }, _greedy];
        var requests = decodings.Select((decoding, n) => new GenerationRequest("r", [.. examples, .. TinyModel.Prompt(4, 60 + n)], -1, decoding)).ToList();
        using var engine = new InferenceEngine(_decoder, _tokenizer, options: new EngineOptions { MaxBatch = 4 });
        var together = engine.Generate(requests);
        for (var n = 0; n < requests.Count; n++)
        {
            using var alone = new InferenceEngine(_decoder, _tokenizer);
            Assert.Equal(alone.Generate([requests[n]])[0].Answers.Select(answer => answer.Ids), together[n].Answers.Select(answer => answer.Ids));
        }
    }

    /// <summary>Virtual tokens stand in front of what is shared; what one adapter has read is no other's.</summary>
    [Fact]
    public void Generate_MembersBehindTheSameExamples_EachAsAlone()
    {
        string[] methods =
        [
            """{"peft_type": "LORA", "r": 4, "target_modules": ["k_proj", "v_proj"]}""", """{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3}""", """{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 2}""",
        ];
        var adapters = methods.Select((json, i) => MemberTests.Filled(_decoder, json, (ulong)i + 1)).ToList();
        var bank = new AdapterBank(_decoder);
        int[] members = [.. adapters.Select(bank.Add), -1];
        var examples = TinyModel.Prompt(30, 3);
        var requests = (from question in Enumerable.Range(0, 3) from member in members select new GenerationRequest("r", [.. examples, .. TinyModel.Prompt(4, 70 + question)], member, _greedy)).ToList();
        using var engine = new InferenceEngine(_decoder, _tokenizer, bank, new EngineOptions { MaxBatch = 5 });
        var together = engine.Generate(requests);
        for (var n = 0; n < requests.Count; n++) Assert.Equal(engine.Generate([requests[n]])[0].Ids, together[n].Ids);
        adapters.ForEach(adapter => adapter.Dispose());
    }

    /// <summary>Dynamic scaling: the angles of a long prompt depend on its length, so that it shares nothing; a short one does.</summary>
    [Fact]
    public void Generate_AnglesThatDependOnTheLength_EachAsAlone()
    {
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(TinyModel.Config with { Rotary = new RotarySettings { Scaling = RotaryScaling.Dynamic, Factor = 4, OriginalMaxPositions = 24 } }, generator, ScalarType.Float32);
        var examples = TinyModel.Prompt(14, 3);
        var requests = new[] { 2, 20, 5, 30 }.Select((length, n) => new GenerationRequest("r", [.. examples, .. TinyModel.Prompt(length, 80 + n)], -1, _greedy with { MaxNewTokens = 12 })).ToList();
        using var engine = new InferenceEngine(decoder, _tokenizer, options: new EngineOptions { MaxBatch = 2 });
        var together = engine.Generate(requests);
        for (var n = 0; n < requests.Count; n++) Assert.Equal(engine.Generate([requests[n]])[0].Ids, together[n].Ids);
    }

    private IReadOnlyList<int> Alone(GenerationRequest request)
    {
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        return engine.Generate([request])[0].Ids;
    }

    /// <summary>Counts the tokens of passes that read prompts, in which a sequence has more than one.</summary>
    private sealed class Counter : IAdapterHooks
    {
        public int Prompts { get; private set; }

        public Tensor Embedded(Tensor ids, Tensor hidden, SegmentLayout layout)
        {
            if (layout.Tokens > layout.Segments.Count) Prompts += layout.Tokens;
            return hidden;
        }
    }
}
