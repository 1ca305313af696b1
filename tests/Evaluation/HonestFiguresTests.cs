using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>Figures are finite or absent with a reason, and what made them less than they look is said.</summary>
public sealed class HonestFiguresTests : IDisposable
{
    private static readonly DecodingSettings _short = new() { MaxNewTokens = 4 };
    private readonly TemporaryFolder _folder = new();

    public HonestFiguresTests()
    {
        File.WriteAllText(_folder["q.jsonl"], """{"question": "What is 1 + 1?", "answer": " 2", "text": "Water is wet."}""");
        File.WriteAllText(_folder["q.csv"], "Question,A,B,C,D,Answer\nPick,one,two,three,four,A\nPick again,one,two,three,four,A\n");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"suite": "multiple-choice", "file": "q.csv"}""", "multiple-choice, item ")]
    [InlineData("""{"suite": "multiple-choice", "file": "q.csv", "form": "options", "mutual_information": true}""", "multiple-choice, item ")]
    [InlineData("""{"suite": "log-likelihood", "file": "q.jsonl", "question": "question", "answer": "answer"}""", "log-likelihood, item 0 (\"What is 1 + 1?\")")]
    [InlineData("""{"suite": "perplexity", "file": "q.jsonl"}""", "perplexity, item 0 (\"Water is wet.\")")]
    public void Run_WeightsThatAreNoNumbers_IsAnErrorThatNamesTheItem(string declaration, string item)
    {
        using var model = new SmallModel();
        model.Fill(float.NaN);

        var error = Assert.Throws<NonFiniteScoreException>(() => EvaluationRunner.Run([Create(declaration)], model.Engine));

        Assert.Contains(item, error.Message, StringComparison.Ordinal);
        Assert.Contains("not finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_GeneratingWithWeightsThatAreNoNumbers_IsAnErrorThatNamesTheItem()
    {
        using var model = new SmallModel();
        model.Fill(float.NaN);

        var error = Assert.Throws<NonFiniteLogitsException>(() => EvaluationRunner.Run([Create("""{"suite": "exact-match", "file": "q.jsonl"}""")], model.Engine, decoding: _short));

        Assert.Contains("exact-match-0", error.Message, StringComparison.Ordinal);
        Assert.Contains("not finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ChoiceScores_NotFinite_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => ChoiceScores.Of([double.NaN, double.NaN], ["a", "b"]));
        Assert.Throws<ArgumentException>(() => ChoiceScores.Of([-1, double.NegativeInfinity], ["a", "b"]));
        Assert.Throws<ArgumentException>(() => ChoiceScores.Of([-1, -2], ["a", "b"], [-1, double.NaN]));
    }

    [Fact]
    public void MetricResult_NotFinite_CannotBeMade()
    {
        Assert.Throws<ArgumentException>(() => new MetricResult("m", double.NaN, null));
        Assert.Throws<ArgumentException>(() => new MetricResult("m", double.PositiveInfinity, null));
        Assert.Null(new MetricResult("m", 1, double.NaN).StandardError);
    }

    [Fact]
    public void Perplexity_BeyondTheLargestNumber_IsNullWithAReasonInStrictJson()
    {
        var metrics = PerplexitySuite.Metrics([(-1e9, 3, 12)]);
        Assert.Null(metrics[0].Value);
        Assert.NotNull(metrics[2].Value);
        using var model = new SmallModel();
        var result = EvaluationRunner.Run([Create("""{"suite": "perplexity", "file": "q.jsonl"}""")], model.Engine)[0] with { Metrics = metrics };
        Assert.Contains("word_perplexity has no value", result.Remarks[0], StringComparison.Ordinal);
        Assert.Contains("no value", Assert.Throws<EvaluationException>(() => result.Metric("word_perplexity")).Message, StringComparison.Ordinal);

        var paths = ResultFiles.Write(_folder["out"], new RunDescription { ModelName = "m" }, [result], TimeSpan.Zero, new FakeTimeProvider());
        using var json = JsonDocument.Parse(File.ReadAllBytes(paths.Results));
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("results").GetProperty("perplexity").GetProperty("word_perplexity,none").ValueKind);
        Assert.Contains("word_perplexity has no value", json.RootElement.GetProperty("remarks").GetProperty("perplexity")[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Dumps_NotFinite_IsNull(double value) => Assert.Equal("[null]", PythonJson.Dumps(new JsonArray(value)));

    [Theory]
    [InlineData("""{"suite": "exact-match", "file": "long.jsonl"}""", 508)]
    [InlineData("""{"suite": "log-likelihood", "file": "long.jsonl", "question": "question", "answer": "answer"}""", 512)]
    [InlineData("""{"suite": "multiple-choice", "file": "long.csv", "choices": ["A", "B"]}""", 512)]
    public void Run_PromptsBeyondThePositions_AreCountedAndRemarkedOn(string declaration, int room)
    {
        var longQuestion = string.Join(' ', Enumerable.Repeat("word", 400));
        File.WriteAllLines(_folder["long.jsonl"], [$$"""{"question": "{{longQuestion}}", "answer": " x"}""", """{"question": "short", "answer": " y"}"""]);
        File.WriteAllLines(_folder["long.csv"], ["Question,A,B,Answer", $"{longQuestion},one,two,A", "short,one,two,B"]);
        using var model = new SmallModel();
        var suite = Create(declaration);

        var result = EvaluationRunner.Run([suite], model.Engine, template: PromptTemplates.Plain, decoding: _short)[0];

        Assert.Equal((2, 1, room), (result.Prompts.Prompts, result.Prompts.TooLong, result.Prompts.Room));
        Assert.Contains("1 of 2 prompts", Assert.Single(result.Remarks), StringComparison.Ordinal);
        // What is said before the model is loaded is what happens.
        Assert.Equal(result.Prompts, suite.Fit(new PromptSettings(model.Tokenizer, PromptTemplates.Plain, null), model.Engine.MaxLength, _short.MaxNewTokens));
        var paths = ResultFiles.Write(_folder["out"], new RunDescription { ModelName = "m" }, [result], TimeSpan.Zero, new FakeTimeProvider());
        Assert.Equal(1, JsonNode.Parse(File.ReadAllText(paths.Results))!["prompts_cut"]![result.Suite]!.GetValue<int>());
    }

    [Fact]
    public void Fit_ExamplesAndCue_CountToo()
    {
        using var model = new SmallModel();
        File.WriteAllLines(_folder["many.jsonl"], Enumerable.Range(0, 40).Select(i => $$"""{"question": "What is {{i}} + 1?", "answer": "{{i + 1}}"}"""));
        PromptFit Fit(int shots, string? cue) => Create($$"""{"suite": "exact-match", "file": "many.jsonl", "few_shot": {{shots}}}""").Fit(new PromptSettings(model.Tokenizer, null, cue), 512, 4);

        Assert.Equal(0, Fit(0, null).TooLong);
        Assert.Equal(40, Fit(39, null).TooLong);
        Assert.True(Fit(5, "Let's think step by step.").Longest > Fit(5, null).Longest);
    }

    [Theory]
    [InlineData("5. I hope this helps.", "5", 1)]
    [InlineData("1,000.00", "1000", 1)]
    [InlineData("18.0", "18", 1)]
    [InlineData("work #### 18\nQuestion: more #### 20", "18", 1)]
    [InlineData("\u22125", "-5", 1)]
    [InlineData("", "0", 0)]
    [InlineData("3 R 2", "3", 0)]
    public void Extract_WhatModelsWrite_EqualsTheReferenceItMeans(string output, string reference, int exact)
        => Assert.Equal(exact, AnswerScoring.Extract("final", output) == AnswerScoring.Reference("final", reference) ? 1 : 0);

    [Fact]
    public void Extract_NoNumber_NeverEqualsAReference()
    {
        Assert.Equal("", AnswerScoring.Extract("last_number", "none"));
        Assert.Throws<RowException>(() => AnswerScoring.Reference("last_number", "none"));
    }

    private ISuite Create(string declaration) => Declared.Suite(declaration, _folder.Path);
}
