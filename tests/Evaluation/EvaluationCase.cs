using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Inference;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>A golden evaluation with its model behind an engine.</summary>
internal sealed class EvaluationCase : IDisposable
{
    private readonly Decoder _decoder;

    private EvaluationCase(GoldenCase golden, string model, int? maxLength)
    {
        Golden = golden;
        using (var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(model, "config.json"))))
        {
            var type = config.RootElement.GetProperty("model_type").GetString()!;
            Assert.SkipUnless(ModelDirectory.ModelTypes.Contains(type), $"model_type {type} is not known");
        }
        _decoder = ModelDirectory.Load(model);
        Tokenizer = TokenizerDirectory.Load(model);
        Engine = new InferenceEngine(_decoder, Tokenizer, options: new EngineOptions { MaxLength = maxLength });
    }

    public GoldenCase Golden { get; }

    public ITokenizer Tokenizer { get; }

    public InferenceEngine Engine { get; }

    public static EvaluationCase Open(string folder)
    {
        var golden = AlpacaCot.Tests.Golden.Open(folder);
        return new EvaluationCase(golden, golden.File(golden.Json.GetProperty("model").GetString()!), golden.Json.GetProperty("max_length").GetInt32());
    }

    public static EvaluationCase Open(GoldenCase golden, string model) => new(golden, golden.File(model), null);

    public List<JsonNode> Requests => [.. HarnessGoldenTests.Lines(Golden.File("requests.jsonl"))];

    /// <summary>The lines of a task's samples file.</summary>
    public List<JsonNode> Samples(string task)
    {
        var file = Directory.GetFiles(Golden.Path, $"samples_{task}_2*.jsonl").Single();
        return [.. HarnessGoldenTests.Lines(file)];
    }

    public double ExpectedResult(string task, string metric) => Golden.Json.GetProperty("results").GetProperty(task).GetProperty(metric).GetDouble();

    public JsonObject Results => JsonNode.Parse(File.ReadAllText(Golden.File(Golden.Json.GetProperty("files").GetProperty("results").GetString()!)))!.AsObject();

    public void CheckLogLikelihood(double expected, double actual, string what)
    {
        var allowed = Math.Max(Golden.Tolerance("loglikelihood_abs", 1e-3), Golden.Tolerance("loglikelihood_rel", 1e-5) * Math.Abs(expected));
        Assert.True(Math.Abs(expected - actual) <= allowed, $"{Golden.Folder} {what}: {actual}, expected {expected}");
    }

    public void Dispose()
    {
        Engine.Dispose();
        _decoder.Dispose();
    }

    public static int[] Ints(JsonNode node) => [.. node.AsArray().Select(v => v!.GetValue<int>())];
}
