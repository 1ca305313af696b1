using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Sweeps;

namespace AlpacaCot.Tests.Grains;

public sealed class ResultReadingTests : IDisposable
{
    private const string Time = "2026-11-26T05-14-18.664040";
    private readonly string _folder = Directory.CreateTempSubdirectory("results-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_GeneratedAnswers_GivesScoresPartsErrorsAndARightAndAWrongAnswer()
    {
        Write(
            """
            {"results": {
              "sums": {"name": "sums", "sample_len": 2, "exact_match,none": 0.5, "exact_match_stderr,none": 0.5},
              "sums_add_2": {"name": "sums_add_2", "sample_len": 1, "exact_match,none": 1.0, "exact_match_stderr,none": "N/A"},
              "sums_add_3": {"name": "sums_add_3", "sample_len": 1, "exact_match,none": 0.0, "exact_match_stderr,none": "N/A"}},
             "group_subtasks": {"sums": ["sums_add_2", "sums_add_3"]}, "n-samples": {"sums": {"original": 2, "effective": 2}}, "answers_at_limit": {"sums": 1}}
            """,
            """
            {"doc_id": 0, "target": "6", "arguments": {"gen_args_0": {"arg_0": "What is 0+6?", "arg_1": {"until": []}}}, "resps": [["It is 6"]], "filtered_resps": ["6"], "filter": "none", "metrics": ["exact_match", "digit_match"], "exact_match": 1.0, "digit_match": 1.0}
            {"doc_id": 1, "target": "9", "arguments": {"gen_args_0": {"arg_0": "What is 4+5?", "arg_1": {"until": []}}}, "resps": [["  "]], "filtered_resps": [""], "filter": "none", "metrics": ["exact_match", "digit_match"], "exact_match": 0.0, "digit_match": 0.0}
            """);
        var detail = Read(items: 2)!;
        Assert.Equal([1, 0], detail.Scores["exact_match"].Numerators);
        Assert.Equal(0.5, detail.Errors["exact_match"]);
        Assert.Equal([("add_2", 1, 1.0), ("add_3", 1, 0.0)], detail.Parts.Select(p => (p.Name, p.Items, p.Metrics["exact_match"])));
        Assert.Empty(detail.Parts[0].Errors);
        Assert.Equal(1, detail.AtLimit);
        Assert.Equal(("What is 0+6?", "It is 6", "6", "6"), (detail.Right!.Prompt, detail.Right.Response, detail.Right.Extracted, detail.Right.Target));
        Assert.Equal(("  ", "", "9"), (detail.Wrong!.Response, detail.Wrong.Extracted, detail.Wrong.Target));
        Assert.EndsWith(".jsonl", detail.SamplesFile, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"digit_match": 1.0, "metrics": ["digit_match"], "doc": {"filter": "no", "metrics": [1, {"a": []}]}, "filter": "none"}""", 1.0)]
    [InlineData("""{"filter": "none", "pairs": [[1, 2]], "metrics": ["digit_match"], "digit_match": [1, 2, 3]}""", null)]
    [InlineData("""{"filter": "none", "metrics": ["digit_match"], "digit_match": null}""", null)]
    [InlineData("""{"filter": "none", "metrics": ["digit_match"]}""", null)]
    [InlineData("""{"filter": "none", "metrics": ["digit_match"], "digit_match": "NaN"}""", null)]
    public void Read_Sample_WhateverItsOrder_TakesTheScoreAndPassesOverTheRest(string line, double? score)
    {
        Write("""{"results": {"s": {"sample_len": 1, "digit_match,none": 1.0}}, "group_subtasks": {}, "n-samples": {"s": {}}}""", line);
        var scores = Read(items: 1)!.Scores;
        if (score is { } known) Assert.Equal([known], scores["digit_match"].Numerators);
        else Assert.Empty(scores);
    }

    [Theory]
    [InlineData("""{"metrics": ["digit_match"], "digit_match": 1}""")]
    [InlineData("""{"filter": "none", "metrics": ["digit_match"], "digit_match": 1} x""")]
    [InlineData("[1]")]
    public void Read_SampleThatIsNone_IsAsGoodAsNoFile(string line)
    {
        Write("""{"results": {"s": {"sample_len": 1, "digit_match,none": 1.0}}, "group_subtasks": {}, "n-samples": {"s": {}}}""", line);
        Assert.Null(Read(items: 1));
    }

    [Fact]
    public void Read_Choices_ShowsTheLikeliest()
    {
        Write(
            """{"results": {"mc": {"sample_len": 1, "acc,none": 0.0}}, "group_subtasks": {}, "n-samples": {"mc": {}}}""",
            """{"doc_id": 0, "target": "1", "arguments": {"gen_args_0": {"arg_0": "Which?", "arg_1": " A"}, "gen_args_1": {"arg_0": "Which?", "arg_1": " B"}}, "resps": [[["-1.5", "True"]], [["-3.25", "False"]]], "filtered_resps": [["-1.5", "True"], ["-3.25", "False"]], "filter": "none", "metrics": ["acc"], "acc": 0.0}""");
        var wrong = Read(items: 1)!.Wrong!;
        Assert.Equal((" A", "A", "B"), (wrong.Response, wrong.Extracted, wrong.Target));
    }

    [Fact]
    public void Read_TextsOfSeveralLengths_KeepsWhatEachIsOver()
    {
        Write(
            """{"results": {"ppl": {"sample_len": 2, "word_perplexity,none": 7.4}}, "group_subtasks": {}, "n-samples": {"ppl": {}}}""",
            """
            {"doc_id": 0, "target": "a b", "arguments": {"gen_args_0": {"arg_0": "a b"}}, "resps": [["-4.0"]], "filtered_resps": ["-4.0"], "filter": "none", "metrics": ["word_perplexity"], "word_perplexity": [-4.0, 2]}
            {"doc_id": 1, "target": "a b c", "arguments": {"gen_args_0": {"arg_0": "a b c"}}, "resps": [["-6.0"]], "filtered_resps": ["-6.0"], "filter": "none", "metrics": ["word_perplexity"], "word_perplexity": [-6.0, 3]}
            """);
        var scores = Read(items: 2)!.Scores["word_perplexity"];
        Assert.Equal([-4.0, -6], scores.Numerators);
        Assert.Equal([2.0, 3], scores.Denominators!);
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("{}")]
    [InlineData("""{"results": {}, "n-samples": {}, "group_subtasks": {}}""")]
    public void Read_BrokenFile_IsAsGoodAsNone(string text)
    {
        Write(text, "");
        Assert.Null(Read(items: 1));
    }

    private void Write(string results, string samples)
    {
        File.WriteAllText(Path.Combine(_folder, $"results_{Time}.json"), results);
        File.WriteAllText(Path.Combine(_folder, $"samples_s_{Time}.jsonl"), samples);
    }

    private AlpacaCot.Experiments.Aggregation.ResultDetail? Read(int items)
        => ResultReading.Read([("t", new EvaluationResult("e", new Dictionary<string, double>(), items, 1, Path.Combine(_folder, $"results_{Time}.json")))]).GetValueOrDefault(("t", "e"));
}
