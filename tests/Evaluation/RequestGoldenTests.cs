using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Inference;
using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>lm-eval's requests, one by one, through the encoder and the engine: ids, log-likelihoods, flags, windows, generated ids and texts.</summary>
[Trait("Category", "Golden")]
public sealed class RequestGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("evaluation");

    public static IEnumerable<object[]> Boundaries => Golden.Folders("evaluation_boundary");

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogLikelihoods_Requests_GoldenIdsValuesAndFlags(string folder)
    {
        using var open = EvaluationCase.Open(folder);
        var documents = open.Requests.Where(d => d["type"]!.GetValue<string>() == "loglikelihood").ToList();
        Assert.SkipWhen(documents.Count == 0, $"{folder} has no log-likelihood requests");
        var encoder = new PairEncoder(open.Tokenizer);
        var requests = new List<(JsonNode Node, ScoreRequest Request, string Name)>();
        foreach (var document in documents)
        {
            var first = document["requests"]![0]!;
            foreach (var node in document["requests"]!.AsArray())
            {
                var name = $"{document["task"]} document {document["doc_id"]} \"{node!["continuation"]}\"";
                var (context, continuation) = encoder.EncodePair((node["context"] ?? document["context"])!.GetValue<string>(), node["continuation"]!.GetValue<string>());
                Assert.True(EvaluationCase.Ints((node["context_ids"] ?? first["context_ids"])!).SequenceEqual(context), $"{name}: context {string.Join(' ', context)}");
                Assert.True(EvaluationCase.Ints(node["continuation_ids"]!).SequenceEqual(continuation), $"{name}: continuation {string.Join(' ', continuation)}");
                requests.Add((node, new ScoreRequest(context, continuation), name));
            }
        }
        var scores = open.Engine.LogLikelihoods([.. requests.Select(r => r.Request)]);
        for (var i = 0; i < scores.Count; i++)
        {
            var (node, _, name) = requests[i];
            open.CheckLogLikelihood(node["loglikelihood"]!.GetValue<double>(), scores[i].Sum, name);
            Assert.Equal(node["is_greedy"]!.GetValue<bool>(), scores[i].IsGreedy);
            Assert.Equal(node["cut_from_the_left"]?.GetValue<int>() ?? 0, scores[i].TruncatedTokens);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogLikelihoods_Tasks_GoldenMetrics(string folder)
    {
        using var open = EvaluationCase.Open(folder);
        var tasks = open.Requests.Where(d => d["type"]!.GetValue<string>() == "loglikelihood").GroupBy(d => d["task"]!.GetValue<string>()).ToList();
        Assert.SkipWhen(tasks.Count == 0, $"{folder} has no log-likelihood requests");
        var encoder = new PairEncoder(open.Tokenizer);
        foreach (var task in tasks)
        {
            var requests = task.SelectMany(d => d["requests"]!.AsArray().Select(r => encoder.EncodePair(
                (r!["context"] ?? d["context"])!.GetValue<string>(), r["continuation"]!.GetValue<string>()))).Select(p => new ScoreRequest(p.Context, p.Continuation)).ToList();
            var scores = open.Engine.LogLikelihoods(requests);
            var at = 0;
            var values = new Dictionary<string, List<double>>();
            void Add(string metric, double value)
            {
                if (!values.TryGetValue(metric, out var list)) values[metric] = list = [];
                list.Add(value);
            }
            var samples = open.Samples(task.Key);
            var number = 0;
            foreach (var document in task)
            {
                var nodes = document["requests"]!.AsArray();
                var own = nodes.Select(_ => scores[at++]).ToList();
                var sample = samples[number++];
                if (nodes.Count == 1)
                {
                    Add("acc", own[0].IsGreedy ? 1 : 0);
                    Add("perplexity", own[0].Sum);
                    continue;
                }
                var conditional = nodes.Count(n => n!["context"] is null);
                // The choice is the continuation without the delimiter; samples that only differ by one space hold the text.
                var choices = Choices(sample, nodes, conditional);
                var gold = int.Parse(sample["target"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
                var result = ChoiceScores.Of([.. own.Take(conditional).Select(s => s.Sum)], choices,
                    conditional < nodes.Count ? [.. own.Skip(conditional).Select(s => s.Sum)] : null);
                Add("acc", result.Predicted == gold ? 1 : 0);
                Add("acc_norm", result.PredictedNorm == gold ? 1 : 0);
                Add("acc_bytes", result.PredictedBytes == gold ? 1 : 0);
                Add("exact_match", own[gold].IsGreedy ? 1 : 0);
                Add("brier_score", result.Brier(gold));
                if (result.PredictedMutualInfo is { } mutual) Add("acc_mutual_info", mutual == gold ? 1 : 0);
            }
            foreach (var metric in open.Golden.Json.GetProperty("results").GetProperty(task.Key).EnumerateObject().Where(m => !m.Name.Contains("_stderr", StringComparison.Ordinal)))
            {
                var name = metric.Name[..metric.Name.IndexOf(',', StringComparison.Ordinal)];
                Assert.True(values.TryGetValue(name, out var list), $"{folder} {task.Key}: metric {name} is not computed");
                var error = open.Golden.Json.GetProperty("results").GetProperty(task.Key).GetProperty(metric.Name.Replace(",", "_stderr,", StringComparison.Ordinal));
                var expected = metric.Value.GetDouble();
                if (name == "perplexity")
                {
                    Assert.Equal(Math.Log(expected), -list.Average(), open.Golden.Tolerance("log_perplexity_abs", 1e-3));
                    var bootstrap = HarnessErrors.Bootstrap([.. list], x => Math.Exp(-x.Average()),
                        open.Golden.Json.GetProperty("arguments").GetProperty("bootstrap_iters").GetInt32());
                    Assert.Equal(error.GetDouble(), bootstrap, open.Golden.Tolerance("stderr_rel", 1e-3) * error.GetDouble());
                }
                else
                {
                    Assert.Equal(expected, list.Average(), name == "brier_score" ? open.Golden.Tolerance("brier_abs", 1e-4) : 1e-12);
                    if (error.ValueKind == System.Text.Json.JsonValueKind.Number) Assert.Equal(error.GetDouble(), HarnessErrors.OfMean([.. list]), 1e-9);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Generate_UntilRequests_GoldenIdsAndResponses(string folder)
    {
        using var open = EvaluationCase.Open(folder);
        var documents = open.Requests.Where(d => d["type"]!.GetValue<string>() == "generate_until").ToList();
        Assert.SkipWhen(documents.Count == 0, $"{folder} has no generation requests");
        var encoder = new PairEncoder(open.Tokenizer);
        var requests = documents.Select((d, i) =>
        {
            var ids = encoder.Encode(d["context"]!.GetValue<string>());
            Assert.Equal(EvaluationCase.Ints(d["context_ids"]!), ids);
            var decoding = new DecodingSettings
            {
                MaxNewTokens = d["gen_kwargs"]!["max_gen_toks"]!.GetValue<int>(),
                StopStrings = [.. d["stop"]!.AsArray().Select(s => s!.GetValue<string>())],
            };
            return new GenerationRequest($"{i}", ids, -1, decoding, PromptOverflow.TruncateLeft);
        }).ToList();
        var generations = open.Engine.Generate(requests);
        for (var i = 0; i < documents.Count; i++)
        {
            Assert.Equal(EvaluationCase.Ints(documents[i]["generated_ids"]!), generations[i].Ids);
            Assert.Equal(documents[i]["response"]!.GetValue<string>(), generations[i].Text);
            Assert.Equal(documents[i]["generated_text"]!.GetValue<string>(), open.Tokenizer.Decode([.. generations[i].Ids], skipSpecialTokens: true));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RollingLogLikelihoods_Texts_GoldenWindowsAndPerplexities(string folder)
    {
        using var open = EvaluationCase.Open(folder);
        var documents = open.Requests.Where(d => d["type"]!.GetValue<string>() == "loglikelihood_rolling").ToList();
        Assert.SkipWhen(documents.Count == 0, $"{folder} has no rolling requests");
        var encoder = new PairEncoder(open.Tokenizer);
        var texts = documents.Select(d => encoder.Encode(d["text"]!.GetValue<string>())).ToList();
        var scores = open.Engine.RollingLogLikelihoods(texts, encoder.PrefixId);
        for (var i = 0; i < documents.Count; i++)
        {
            var name = $"document {documents[i]["doc_id"]}";
            Assert.Equal(EvaluationCase.Ints(documents[i]["ids"]!), texts[i]);
            var windows = documents[i]["windows"]!.AsArray();
            Assert.Equal(windows.Count, scores[i].Windows.Count);
            for (var w = 0; w < windows.Count; w++)
            {
                Assert.Equal((windows[w]!["context_length"]!.GetValue<int>(), windows[w]!["predicted"]!.GetValue<int>(), windows[w]!["first_context_id"]!.GetValue<int>()),
                    (scores[i].Windows[w].ContextLength, scores[i].Windows[w].Predicted, scores[i].Windows[w].FirstContextId));
                open.CheckLogLikelihood(windows[w]!["loglikelihood"]!.GetValue<double>(), scores[i].Windows[w].Sum, $"{name} window {w}");
            }
            Assert.Equal(documents[i]["words"]!.GetValue<int>(), Perplexities.Words(documents[i]["text"]!.GetValue<string>()));
            Assert.Equal(documents[i]["bytes"]!.GetValue<int>(), Perplexities.Bytes(documents[i]["text"]!.GetValue<string>()));
        }
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public void EncodePair_OddWhiteSpace_GoldenIdsAndErrors(string folder)
    {
        var golden = Golden.Open(folder);
        foreach (var model in HarnessGoldenTests.Lines(golden.File("cases.jsonl")).GroupBy(l => l["model"]!.GetValue<string>()))
        {
            using var open = EvaluationCase.Open(golden, model.Key);
            var encoder = new PairEncoder(open.Tokenizer);
            foreach (var line in model)
            {
                string context = line["context"]!.GetValue<string>(), continuation = line["continuation"]!.GetValue<string>(), name = $"{model.Key} {line.ToJsonString()}";
                if (line["error"] is not null)
                {
                    Assert.Throws<EvaluationException>(() => encoder.EncodePair(context, continuation));
                    continue;
                }
                var (contextIds, continuationIds) = encoder.EncodePair(context, continuation);
                Assert.True(EvaluationCase.Ints(line["context_ids"]!).SequenceEqual(contextIds), $"{name}: context {string.Join(' ', contextIds)}");
                Assert.True(EvaluationCase.Ints(line["continuation_ids"]!).SequenceEqual(continuationIds), $"{name}: continuation {string.Join(' ', continuationIds)}");
                var score = open.Engine.LogLikelihoods([new ScoreRequest(contextIds, continuationIds)])[0];
                open.CheckLogLikelihood(line["loglikelihood"]!.GetValue<double>(), score.Sum, name);
                Assert.Equal(line["is_greedy"]!.GetValue<bool>(), score.IsGreedy);
            }
        }
    }

    private static List<string> Choices(JsonNode sample, JsonArray nodes, int conditional)
    {
        var continuations = nodes.Take(conditional).Select(n => n!["continuation"]!.GetValue<string>()).ToList();
        // Options' texts are columns of the row; letters are not. A leading delimiter is one that no column has.
        var cells = sample["doc"]!.AsObject().Select(p => p.Value is null ? "" : PythonJson.Str(p.Value)).ToHashSet();
        var asTexts = continuations.All(c => cells.Contains(c) || c.Length == 1);
        return asTexts ? continuations : [.. continuations.Select(c => c[1..])];
    }
}
