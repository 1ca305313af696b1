using System.Text.Json;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.Training;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>A sweep's prompts are measured before anything runs, under the tokenizer, positions, templates and cues that will ask them.</summary>
public sealed class PromptLengthsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ITokenizer _tokenizer;
    private readonly ISuite _suite;

    public PromptLengthsTests()
    {
        _tokenizer = ByteBpeTrainer.Train(["What is 1 + 1?"], new ByteBpeOptions { VocabularySize = 280 }, _folder["tokenizer"]);
        File.WriteAllLines(_folder["q.jsonl"], Enumerable.Range(0, 5).Select(i => $$"""{"question": "What is {{i}} + 1?", "answer": "{{i + 1}}"}"""));
        _suite = SuiteRegistry.Create(new EvaluationSpec { Name = "q", Suite = "exact-match", Options = new Dictionary<string, JsonElement> { ["file"] = JsonSerializer.SerializeToElement("q.jsonl") } }, [_folder.Path]);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("plain", null, 60, 4, false)]
    [InlineData("alpaca", null, 60, 4, true)]
    [InlineData("plain", "Let's think step by step, slowly and with care, and look at every digit of it twice.", 60, 4, true)]
    [InlineData("plain", null, 20, 16, true)]
    public void Remarks_TemplateCuePositionsAndNewTokens_AllCount(string template, string? cue, int positions, int maxNewTokens, bool tooLong)
    {
        var remarks = new PromptLengths([("small", _tokenizer, "", positions)], [template], [null, cue], maxNewTokens).Remarks(_suite);

        if (!tooLong) Assert.Empty(remarks);
        else Assert.StartsWith("under small's tokenizer 5 of 5 prompts", Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Remarks_SeveralModels_AreOneEach()
    {
        var remarks = new PromptLengths([("small", _tokenizer, "", 20), ("large", _tokenizer, "", 2000), ("tiny", _tokenizer, "", 18)], ["plain", "alpaca"], [null], 4).Remarks(_suite);

        Assert.Equal(["small", "tiny"], remarks.Select(remark => remark.Split('\'')[0].Split(' ')[1]));
    }

    [Fact]
    public void Remarks_NoRoomAtAll_IsAnError()
        => Assert.Contains("lower max_new_tokens", Assert.Throws<EvaluationException>(() => new PromptLengths([("small", _tokenizer, "", 20)], ["plain"], [null], 20).Remarks(_suite)).Message, StringComparison.Ordinal);
}
