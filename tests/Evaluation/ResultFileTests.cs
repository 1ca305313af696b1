using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Inference;
using AlpacaCot.Tokenizers;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Evaluation.Tests;

public sealed class ResultFileTests
{
    private static readonly DateTimeOffset _now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddMicroseconds(600);

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(-59.76026153564453, "-59.76026153564453")]
    [InlineData(1e16, "1e+16")]
    [InlineData(123456789012345680, "1.2345678901234568e+17")]
    [InlineData(9999999999999998, "9999999999999998.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(100, "100.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(double.NaN, "nan")]
    [InlineData(double.NegativeInfinity, "-inf")]
    public void Repr_Doubles_AsPythonPrintsThem(double value, string expected) => Assert.Equal(expected, PythonValues.Repr(value));

    [Fact]
    public void Dumps_Values_AsPythonWritesThem()
    {
        var node = JsonNode.Parse("""{"a": [1, 2.50, 1e3, true, null, "x\"\\\n\u0007\u007f é😀/<"], "b": {}, "c": []}""");
        Assert.Equal("{\"a\": [1, 2.5, 1000.0, true, null, \"x\\\"\\\\\\n\\u0007\u007f é😀/<\"], \"b\": {}, \"c\": []}", PythonJson.Dumps(node));
        Assert.Equal("{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}", PythonJson.Dumps(JsonNode.Parse("""{"a": [1], "b": {}}"""), 2));
    }

    [Fact]
    public void Write_Run_FilesInTheHarnessSchemaWholeAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        using var model = new SmallModel();
        var suite = Declared.Suite("""{"suite": "goat-arithmetic", "limit": 20, "digits": [1, 2]}""");
        var results = EvaluationRunner.Run([suite], model.Engine, template: Data.Templates.PromptTemplates.Goat, decoding: new DecodingSettings { MaxNewTokens = 4 });
        var run = new RunDescription { ModelName = "models/a:b*c", Tokenizer = model.Tokenizer, MaxLength = model.Engine.MaxLength, Dtype = "torch.float32" };
        var paths = ResultFiles.Write(folder.Path, run, results, TimeSpan.FromSeconds(1.5), new FakeTimeProvider(_now));

        Assert.Equal(Path.Combine(folder.Path, "models__a__b__c", "results_2026-01-02T03-04-05.000600.json"), paths.Results);
        Assert.Equal(2, Directory.GetFileSystemEntries(Path.GetDirectoryName(paths.Results)!).Length);
        var json = JsonNode.Parse(File.ReadAllText(paths.Results))!;
        var figures = json["results"]!["goat-arithmetic"]!;
        Assert.Equal(results[0].Metric("exact_match"), figures["exact_match,none"]!.GetValue<double>());
        Assert.NotNull(figures["exact_match_stderr,none"]);
        Assert.Equal(20, json["n-samples"]!["goat-arithmetic"]!["effective"]!.GetValue<int>());
        Assert.Equal("goat-arithmetic_add_1", json["group_subtasks"]!["goat-arithmetic"]!.AsArray().Select(n => n!.GetValue<string>()).Order(StringComparer.Ordinal).First());
        Assert.Equal(results[0].Hash, json["task_hashes"]!["goat-arithmetic"]!.GetValue<string>());
        Assert.Equal("1.5", json["total_evaluation_time_seconds"]!.GetValue<string>());
        foreach (var key in new[] { "configs", "versions", "n-shot", "higher_is_better", "config", "date", "tokenizer_eos_token", "max_length", "model_name_sanitized" })
            Assert.NotNull(json[key]);
        var samples = File.ReadAllLines(paths.Samples["goat-arithmetic"]);
        Assert.Equal(20, samples.Length);
        Assert.Equal(results[0].Samples[0].DocHash, JsonNode.Parse(samples[0])!["doc_hash"]!.GetValue<string>());
    }

    [Fact]
    public void Write_FolderIsAFile_OneLineError()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["out"], "");
        var error = Assert.Throws<EvaluationException>(() => ResultFiles.Write(folder["out"], new RunDescription { ModelName = "m" }, [], TimeSpan.Zero, new FakeTimeProvider(_now)));
        Assert.Contains(folder["out"], error.Message, StringComparison.Ordinal);
    }
}
