using System.Text.Json;
using AlpacaCot.Inference.Sampling;
using AlpacaCot.Inference.Scheduling;
using AlpacaCot.Inference.Scoring;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Decoding;
using AlpacaCot.Models.Families;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Tests;

/// <summary>Generation against the reference's: processors, pipelines, and greedy runs through the engine.</summary>
[Trait("Category", "Golden")]
public sealed class GenerationGoldenTests
{
    private static readonly string[] _settings = ["do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "num_beams", "max_new_tokens", "eos_token_id", "stop_strings"];

    public static IEnumerable<object[]> Cases => Golden.Folders("generation");

    public static IEnumerable<object[]> Models => Golden.Folders("model");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Processors_Alone_GoldenScores(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("processors", out var processors), $"{folder} has no processors");
        var tensors = SafeTensors.Read(golden.File("golden.safetensors"));
        var seen = tensors["input_ids"].ToArray<long>();
        var tested = 0;
        foreach (var processor in processors.EnumerateArray())
        {
            var name = processor.GetProperty("name").GetString()!;
            foreach (var (scores, expected) in new[] { ("scores", $"out.{name}"), ("scores_ties", $"ties.{name}") })
            {
                if (!tensors.ContainsKey(expected)) continue;
                var (rows, columns) = ((int)tensors[scores].size(0), (int)tensors[scores].size(1));
                var actual = tensors[scores].ToArray<float>();
                var width = seen.Length / (int)tensors["input_ids"].size(0);
                var known = true;
                for (var r = 0; r < rows && known; r++)
                    known = Apply(processor, actual.AsSpan(r * columns, columns), [.. seen.AsSpan(r * width, width).ToArray().Select(id => (int)id)]);
                if (!known) continue;
                Close(tensors[expected].ToArray<float>(), actual, golden.Tolerance("scores_abs", 1e-4), $"{folder} {expected}");
                tested++;
            }
        }
        PinnedCases.Generations.SkipUnless(tested > 0, folder, $"{folder} has no processor that is known");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Sampler_Pipeline_GoldenScoresPerStep(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("settings", out var pipelines), $"{folder} has no pipelines");
        var tensors = SafeTensors.Read(golden.File("golden.safetensors"));
        var prompt = tensors["prompt_ids"].ToArray<long>().Select(id => (int)id).ToList();
        var tested = 0;
        foreach (var pipeline in pipelines.EnumerateObject())
        {
            var settings = pipeline.Value.GetProperty("settings");
            if (!Known(settings)) continue;
            var sampler = new Sampler(Decoding(settings, 1));
            var chosen = tensors[$"{pipeline.Name}.chosen"].ToArray<long>();
            var logits = tensors[$"{pipeline.Name}.logits"].ToArray<float>();
            var vocabulary = logits.Length / chosen.Length;
            for (var t = 0; t < chosen.Length; t++)
                sampler.Process(logits.AsSpan(t * vocabulary, vocabulary), prompt.Concat(chosen.Take(t).Select(id => (int)id)));
            Close(tensors[$"{pipeline.Name}.scores"].ToArray<float>(), logits, golden.Tolerance("scores_abs", 1e-4), $"{folder} {pipeline.Name}");
            tested++;
        }
        PinnedCases.Generations.SkipUnless(tested > 0, folder, $"{folder} has no pipeline with known settings alone");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_GreedyRuns_GoldenIdsAndTexts(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("runs", out var runs), $"{folder} has no runs");
        var model = Golden.Resolve(golden.Json.GetProperty("model").GetString()!);
        var known = runs.EnumerateArray().Where(run => Known(run.GetProperty("settings"))).ToList();
        PinnedCases.Generations.SkipUnless(known.Count > 0, folder, $"{folder} has no run with known settings alone");
        PinnedCases.Generations.SkipUnless(ModelDirectory.ModelTypes.Contains(ModelType(model)), folder, $"model_type {ModelType(model)} is not known");
        using var decoder = ModelDirectory.Load(model);
        var tokenizer = TokenizerDirectory.Load(model);
        using var engine = new InferenceEngine(decoder, tokenizer);
        int eos = golden.Json.GetProperty("eos_token_id").GetInt32(), pad = golden.Json.GetProperty("pad_token_id").GetInt32();
        foreach (var run in known)
        {
            var settings = run.GetProperty("settings");
            var decoding = Decoding(settings, settings.GetProperty("max_new_tokens").GetInt32());
            var prompts = run.GetProperty("prompt_ids").EnumerateArray().Select(Ints).ToList();
            // All prompts of a run together, as the reference ran them (left-padded there, packed here).
            var generations = engine.Generate([.. prompts.Select((p, i) => new GenerationRequest($"{i}", p, -1, decoding))]);
            foreach (var result in run.GetProperty("results").EnumerateArray())
            {
                var name = $"{folder} {run.GetProperty("name").GetString()} prompt {result.GetProperty("prompt").GetInt32()}";
                var generation = generations[result.GetProperty("prompt").GetInt32()];
                var expected = Ints(result.GetProperty("ids"));
                // A row that ended before the others is filled up with padding.
                var own = expected.AsSpan(0, Ended(expected, [eos, .. decoding.StopTokenIds])).TrimEnd(pad).ToArray();
                Assert.True(own.SequenceEqual(generation.Ids), $"{name}: {string.Join(' ', generation.Ids)}, expected {string.Join(' ', own)}");
                if (result.TryGetProperty("text_before_stop", out var text)) Assert.Equal(text.GetString(), generation.Text);
                var streamed = new System.Text.StringBuilder();
                await foreach (var chunk in engine.InferAsync(new GenerationRequest("s", prompts[result.GetProperty("prompt").GetInt32()], -1, decoding)))
                    streamed.Append(chunk.Text);
                Assert.Equal(generation.Text, streamed.ToString());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Generate_ModelsGreedyRun_GoldenIdsAloneAndBatched(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("greedy", out var greedy), $"{folder} has no greedy run");
        var type = golden.Json.GetProperty("model_type").GetString()!;
        PinnedCases.Models.SkipUnless(ModelDirectory.ModelTypes.Contains(type), folder, $"model_type {type} is not known");
        int[] prompt = Ints(greedy.GetProperty("prompt_ids")), ids = Ints(greedy.GetProperty("ids"));
        using var decoder = ModelDirectory.Load(golden.Path, new LoadOptions(ScalarType.Float32));
        using var engine = new InferenceEngine(decoder, new CharacterTokenizer(decoder.Config.VocabularySize), options: new EngineOptions { MaxLength = 4096, MaxBatch = 4 });
        var request = new GenerationRequest("g", prompt, -1, new DecodingSettings { MaxNewTokens = ids.Length, IgnoreEos = true });
        Assert.Equal(ids, engine.Generate([request])[0].Ids);
        // Batch mates of other lengths, which come and go, change nothing.
        var mates = Enumerable.Range(0, 7).Select(i => request with { Prompt = prompt[(i % prompt.Length)..], Decoding = request.Decoding with { MaxNewTokens = 3 + 5 * i } });
        Assert.Equal(ids, engine.Generate([.. mates, request])[^1].Ids);
    }

    private static string ModelType(string folder)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        return config.RootElement.GetProperty("model_type").GetString()!;
    }

    private static int Ended(int[] ids, int[] ends)
    {
        var at = Array.FindIndex(ids, id => ends.Contains(id));
        return at < 0 ? ids.Length : at + 1;
    }

    private static bool Known(JsonElement settings)
        => settings.EnumerateObject().All(s => _settings.Contains(s.Name)) && (!settings.TryGetProperty("num_beams", out var beams) || beams.GetInt32() == 1)
        && (!settings.TryGetProperty("max_new_tokens", out _) || !(settings.TryGetProperty("do_sample", out var sample) && sample.GetBoolean()));

    private static DecodingSettings Decoding(JsonElement settings, int maxNewTokens)
    {
        var sample = settings.TryGetProperty("do_sample", out var s) && s.GetBoolean();
        double Number(string key, double otherwise) => settings.TryGetProperty(key, out var v) ? v.GetDouble() : otherwise;
        return new DecodingSettings
        {
            Strategy = sample ? DecodingStrategy.Sample : DecodingStrategy.Greedy,
            Temperature = Number("temperature", 1),
            TopK = (int)Number("top_k", sample ? 50 : 0),
            TopP = Number("top_p", 1),
            RepetitionPenalty = Number("repetition_penalty", 1),
            MaxNewTokens = maxNewTokens,
            StopTokenIds = settings.TryGetProperty("eos_token_id", out var eos) ? eos.ValueKind == JsonValueKind.Array ? Ints(eos) : [eos.GetInt32()] : [],
            StopStrings = settings.TryGetProperty("stop_strings", out var stops) ? [.. stops.EnumerateArray().Select(x => x.GetString()!)] : [],
        };
    }

    private static bool Apply(JsonElement processor, Span<float> scores, int[] seen)
    {
        var arguments = processor.GetProperty("arguments");
        var keep = arguments.TryGetProperty("min_tokens_to_keep", out var k) ? k.GetInt32() : 1;
        if (arguments.EnumerateObject().Any(a => a.Name is "prompt_ignore_length")) return false;
        switch (processor.GetProperty("class").GetString())
        {
            case "TemperatureLogitsWarper": LogitsProcessors.Temperature(scores, arguments.GetProperty("temperature").GetDouble()); return true;
            case "TopKLogitsWarper": LogitsProcessors.TopK(scores, arguments.GetProperty("top_k").GetInt32(), keep); return true;
            case "TopPLogitsWarper": LogitsProcessors.TopP(scores, arguments.GetProperty("top_p").GetDouble(), keep); return true;
            case "RepetitionPenaltyLogitsProcessor":
                LogitsProcessors.RepetitionPenalty(scores, seen, arguments.GetProperty("penalty").GetDouble());
                return true;
            default: return false;
        }
    }

    private static void Close(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance, $"{what}: element {i} is {actual[i]}, expected {expected[i]}");
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt32())];
}
