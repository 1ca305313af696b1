using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>lm-eval's filters, metrics, standard errors and random numbers, and the losses that scores are made of.</summary>
[Trait("Category", "Golden")]
public sealed class HarnessGoldenTests
{
    public static IEnumerable<object[]> Filters => Golden.Folders("evaluation_filters");

    public static IEnumerable<object[]> Losses => Golden.Folders("losses");

    public static IEnumerable<object[]> Metrics => Golden.Folders("metrics");

    [Theory]
    [MemberData(nameof(Filters))]
    public void ResponseFilters_Pipelines_GoldenTexts(string folder)
    {
        var golden = Golden.Open(folder);
        var doc = new JsonObject { ["choices"] = JsonNode.Parse(golden.Json.GetProperty("choices").GetRawText()) };
        var tested = 0;
        foreach (var line in Lines(golden.File("filters.jsonl")))
        {
            var pipeline = line["filter"]!.AsArray();
            if (pipeline.Any(step => !ResponseFilters.Known.Contains(step!["function"]!.GetValue<string>()))) continue;
            var filters = ResponseFilters.Compile(FilterStep.ReadAll(pipeline));
            var responses = line["responses"]!.AsArray();
            for (var i = 0; i < responses.Count; i++)
            {
                var own = responses[i] is JsonArray several ? several.Select(r => r!.GetValue<string>()).ToList() : [responses[i]!.GetValue<string>()];
                var actual = filters.Apply(own, doc);
                var expected = line["filtered"]![i] is JsonArray list ? list.Select(r => r!.GetValue<string>()) : [line["filtered"]![i]!.GetValue<string>()];
                Assert.True(expected.SequenceEqual(actual), $"{folder} {line["name"]} response {i} \"{own[0]}\": {string.Join('|', actual)}, expected {string.Join('|', expected)}");
                tested++;
            }
        }
        Assert.SkipWhen(tested == 0, $"{folder} has no known filter");
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public void ExactMatch_Options_GoldenScores(string folder)
    {
        var golden = Golden.Open(folder);
        foreach (var line in Lines(golden.File("exact_match.jsonl")))
        {
            var options = line["options"]!;
            var match = new ExactMatch
            {
                IgnoreCase = options["ignore_case"]?.GetValue<bool>() ?? false,
                IgnorePunctuation = options["ignore_punctuation"]?.GetValue<bool>() ?? false,
                IgnoreNumbers = options["ignore_numbers"]?.GetValue<bool>() ?? false,
                RegexesToIgnore = [.. (options["regexes_to_ignore"] as JsonArray ?? []).Select(r => r!.GetValue<string>())],
            };
            Assert.True(line["exact_match"]!.GetValue<double>() == match.Score(line["prediction"]!.GetValue<string>(), line["reference"]!.GetValue<string>()), $"{folder}: {line.ToJsonString()}");
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void ChoiceScores_Questions_GoldenChoices(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("questions", out var questions), $"{folder} has no questions");
        var tensors = SafeTensors.Read(golden.File("golden.safetensors"));
        var number = 0;
        foreach (var question in questions.EnumerateArray())
        {
            var options = question.GetProperty("options").EnumerateArray().Select(o => o.GetString()!).ToList();
            var context = question.GetProperty("context_length").GetInt32();
            var sums = new List<double>();
            for (var o = 0; o < options.Count; o++)
            {
                var ids = tensors[$"{number}.{o}.ids"].ToArray<long>();
                var rows = tensors[$"{number}.{o}.logits"].log_softmax(-1);
                var values = rows.ToArray<float>();
                var vocabulary = (int)rows.size(1);
                sums.Add(Enumerable.Range(context, ids.Length - context).Sum(i => (double)values[(i - 1) * vocabulary + (int)ids[i]]));
                Assert.Equal(question.GetProperty("loglikelihood")[o].GetDouble(), sums[o], golden.Tolerance("loglikelihood_abs", 1e-4));
            }
            var scores = ChoiceScores.Of(sums, options);
            var gold = question.GetProperty("gold").GetInt32();
            Assert.Equal(question.GetProperty("choice").GetInt32(), scores.Predicted);
            Assert.Equal(question.GetProperty("choice_characters").GetInt32(), scores.PredictedNorm);
            Assert.Equal(question.GetProperty("choice_bytes").GetInt32(), scores.PredictedBytes);
            Assert.Equal(question.GetProperty("acc").GetInt32(), scores.Predicted == gold ? 1 : 0);
            number++;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Perplexities_RollingText_GoldenValues(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("word_perplexity", out var word), $"{folder} has no perplexity");
        var sum = golden.Json.GetProperty("loglikelihood").GetDouble();
        long words = golden.Json.GetProperty("words").GetInt64(), bytes = golden.Json.GetProperty("bytes").GetInt64();
        var tolerance = golden.Tolerance("rel", 1e-12);
        Near(word.GetDouble(), Perplexities.PerUnit(sum, words), tolerance);
        Near(golden.Json.GetProperty("byte_perplexity").GetDouble(), Perplexities.PerUnit(sum, bytes), tolerance);
        Near(golden.Json.GetProperty("bits_per_byte").GetDouble(), Perplexities.BitsPerByte(sum, bytes), tolerance);
    }

    [Theory]
    [MemberData(nameof(Metrics))]
    public void PythonRandom_Seeds_GoldenDraws(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(File.Exists(golden.File("python_random.jsonl")), $"{folder} has no python_random.jsonl");
        foreach (var line in Lines(golden.File("python_random.jsonl")))
        {
            PythonRandom Fresh() => new(line["seed"]!.GetValue<long>());
            double[] Expected(string key) => [.. line[key]!.AsArray().Select(v => v!.GetValue<double>())];
            var random = Fresh();
            Assert.Equal(Expected("random"), Expected("random").Select(_ => random.NextDouble()));
            var choices = new double[Expected("choices").Length];
            Fresh().Choices<double>([.. Enumerable.Range(0, line["population_of_choices"]!.GetValue<int>()).Select(i => (double)i)], choices);
            Assert.Equal(Expected("choices"), choices);
            foreach (var n in new[] { 10, 100, 1000 })
                Assert.Equal(Expected($"sample_of_{n}"), Fresh().Sample([.. Enumerable.Range(0, n).Select(i => (double)i)], Expected($"sample_of_{n}").Length));
            var shuffled = Enumerable.Range(0, 12).Select(i => (double)i).ToList();
            Fresh().Shuffle(shuffled);
            Assert.Equal(Expected("shuffle_of_12"), shuffled);
            random = Fresh();
            Assert.Equal(Expected("randint_0_99"), Expected("randint_0_99").Select(_ => (double)random.NextBetween(0, 99)));
            random = Fresh();
            Assert.Equal(Expected("getrandbits_32"), Expected("getrandbits_32").Select(_ => (double)random.NextBits(32)));
        }
    }

    [Theory]
    [MemberData(nameof(Metrics))]
    public void HarnessErrors_MeansPerplexitiesAndGroups_GoldenErrors(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(File.Exists(golden.File("groups.jsonl")), $"{folder} has no groups.jsonl");
        var tolerance = golden.Tolerance("rel", 1e-9);
        foreach (var line in Lines(golden.File("groups.jsonl")))
        {
            double[] errors = [.. line["stderrs"]!.AsArray().Select(v => v!.GetValue<double>())];
            int[] sizes = [.. line["sizes"]!.AsArray().Select(v => v!.GetValue<int>())];
            Near(line["pooled_stderr"]!.GetValue<double>(), HarnessErrors.Pooled(errors, sizes), tolerance);
        }
        foreach (var line in Lines(golden.File("cases.jsonl")))
        {
            var name = line["aggregation"]!.GetValue<string>();
            Func<double[], double>? statistic = name switch { "mean" => x => x.Average(), "perplexity" => x => Math.Exp(-x.Average()), _ => null };
            if (statistic is null) continue;
            double[] items = [.. line["items"]!.AsArray().Select(v => v!.GetValue<double>())];
            Near(line["value"]!.GetValue<double>(), statistic(items), tolerance);
            if (line["stderr_analytic"] is { } analytic) Near(analytic.GetValue<double>(), HarnessErrors.OfMean(items), tolerance);
            foreach (var (iterations, error) in line["stderr_bootstrap"] as JsonObject ?? [])
                Near(error!.GetValue<double>(), HarnessErrors.Bootstrap(items, statistic, int.Parse(iterations, System.Globalization.CultureInfo.InvariantCulture)), tolerance);
        }
    }

    internal static IEnumerable<JsonNode> Lines(string file)
        => File.ReadAllText(file).Split('\n').Where(l => l.Length > 0).Select(l => JsonNode.Parse(l)!);

    internal static void Near(double expected, double actual, double relative)
        => Assert.True(Math.Abs(expected - actual) <= relative * Math.Max(1, Math.Abs(expected)), $"{actual:R}, expected {expected:R}");
}
