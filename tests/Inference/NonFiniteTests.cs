using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

/// <summary>Logits that are no numbers end a request with an error that names the cause; they never become an answer or a score.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private readonly Decoder _decoder = TinyModel.Create();
    private readonly CharacterTokenizer _tokenizer = new(TinyModel.Vocabulary, eos: 0);

    public void Dispose() => _decoder.Dispose();

    public static TheoryData<DecodingSettings> Strategies =>
    [
        new DecodingSettings { MaxNewTokens = 4 },
        new DecodingSettings { MaxNewTokens = 4, RepetitionPenalty = 1.2 },
        new DecodingSettings { MaxNewTokens = 4, Strategy = DecodingStrategy.Sample, Temperature = 0.7, TopK = 3, TopP = 0.9 },
    ];

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Generate_WeightThatIsNaN_FailsAndNamesTheTensor(DecodingSettings decoding)
    {
        Spoil("model.layers.1.mlp.up_proj.weight", float.NaN);
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        var error = Assert.Throws<NonFiniteLogitsException>(() => engine.Generate([new GenerationRequest("mine", TinyModel.Prompt(5, 1), -1, decoding)])).Message;
        Assert.Contains("mine", error, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.mlp.up_proj.weight", error, StringComparison.Ordinal);
    }

    /// <summary>Every weight is a number, and what comes of them is none.</summary>
    [Theory]
    [InlineData("model.embed_tokens.weight")]
    [InlineData("model.layers.1.mlp.up_proj.weight")]
    [InlineData("model.layers.0.self_attn.o_proj.weight")]
    [InlineData("model.layers.0.input_layernorm.weight")]
    [InlineData("model.norm.weight")]
    public void Generate_WeightsAsLargeAsNumbersGo_SaysThatAHiddenStateOverflows(string name)
    {
        using (torch.no_grad()) _decoder.Parameters[name].fill_(3.4e38);
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        Assert.Contains("a hidden state overflows", Assert.Throws<NonFiniteLogitsException>(
            () => engine.Generate([new GenerationRequest("r", TinyModel.Prompt(5, 1), -1, new DecodingSettings { MaxNewTokens = 4 })])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_HeadRowThatIsInfinite_Fails()
    {
        Spoil("lm_head.weight", float.PositiveInfinity);
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        Assert.Contains("lm_head.weight", Assert.Throws<NonFiniteLogitsException>(
            () => engine.Generate([new GenerationRequest("r", TinyModel.Prompt(5, 1), -1, new DecodingSettings { MaxNewTokens = 4 })])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LogLikelihoods_WeightThatIsNaN_FailInsteadOfScoringOptionZero()
    {
        Spoil("model.layers.0.self_attn.v_proj.weight", float.NaN);
        using var engine = new InferenceEngine(_decoder, _tokenizer);
        Assert.Contains("v_proj", Assert.Throws<NonFiniteLogitsException>(() => engine.LogLikelihoods([new ScoreRequest([1, 2, 3], [4])])).Message, StringComparison.Ordinal);
        Assert.Throws<NonFiniteLogitsException>(() => engine.RollingLogLikelihoods([[1, 2, 3, 4]], 0));
    }

    [Fact]
    public async Task Generate_OneMembersValuesOverflow_OthersOfTheBatchGoOn()
    {
        using var generator = new Generator(1);
        using var adapter = AdapterFactory.Create(_decoder, AdapterConfig.Read("""{"peft_type": "IA3", "target_modules": ["v_proj"], "feedforward_modules": []}"""), generator);
        using (torch.no_grad())
            foreach (var parameter in adapter.Parameters) parameter.Value.fill_(float.MaxValue);
        var bank = new AdapterBank(_decoder);
        var member = bank.Add(adapter);
        var decoding = new DecodingSettings { MaxNewTokens = 6, IgnoreEos = true };
        using var engine = new InferenceEngine(_decoder, _tokenizer, bank);
        var alone = engine.Generate([new GenerationRequest("base", TinyModel.Prompt(5, 1), -1, decoding)])[0].Ids;

        var good = Task.Run(() => engine.Generate([new GenerationRequest("good", TinyModel.Prompt(5, 1), -1, decoding)])[0].Ids, TestContext.Current.CancellationToken);
        var bad = await Assert.ThrowsAsync<NonFiniteLogitsException>(async () =>
        {
            await foreach (var _ in engine.InferAsync(new GenerationRequest("bad", TinyModel.Prompt(5, 1), member, decoding), TestContext.Current.CancellationToken)) { }
        });
        Assert.Contains("adapter", bad.Message, StringComparison.Ordinal);
        Assert.Equal(alone, await good);
    }

    private void Spoil(string name, float value)
    {
        using var _ = torch.no_grad();
        using var frozen = torch.no_grad();
        _decoder.Parameters[name].view(-1).narrow(0, 7, 1).fill_(value);
    }
}
