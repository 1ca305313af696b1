using System.Text.Json;
using AlpacaCot.Inference.Sampling;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Tests;

/// <summary>Generation against the reference's: processors, pipelines, and greedy and beam runs through the engine.</summary>
[Trait("Category", "Golden")]
public sealed class GenerationGoldenTests
{
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
        var width = seen.Length / (int)tensors["input_ids"].size(0);
        int[] Context(int row) => [.. seen.AsSpan(row * width, width).ToArray().Select(id => (int)id)];
        var unknown = new List<string>();
        void Check(JsonElement processor, string input, string output)
        {
            if (GoldenDecoding.Processor(processor) is not { } known)
            {
                unknown.Add(processor.GetProperty("class").GetString()!);
                return;
            }
            var (rows, columns) = ((int)tensors[input].size(0), (int)tensors[input].size(1));
            var actual = tensors[input].ToArray<float>();
            for (var r = 0; r < rows; r++) known.Pipeline.Process(actual.AsSpan(r * columns, columns), known.Context(r, Context(r)));
            Close(tensors[output].ToArray<float>(), actual, golden.Tolerance("scores_abs", 1e-4), $"{folder} {output}");
        }

        foreach (var processor in processors.EnumerateArray()) Check(processor, "scores", $"out.{processor.GetProperty("name").GetString()}");
        if (golden.Json.TryGetProperty("ties", out var ties))
            foreach (var processor in ties.EnumerateArray()) Check(processor, "scores_ties", $"ties.{processor.GetProperty("name").GetString()}");
        if (tensors.ContainsKey("bad.remove_invalid_values"))
            Check(JsonDocument.Parse("""{"class": "InfNanRemoveLogitsProcessor", "arguments": {}}""").RootElement, "scores_bad", "bad.remove_invalid_values");
        PinnedCases.Generations.SkipUnless(unknown.Count == 0, folder, $"{folder}: all known processors pass; not known are {string.Join(", ", unknown.Distinct())}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pipeline_EachStep_GoldenScores(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("settings", out var pipelines), $"{folder} has no pipelines");
        var tensors = SafeTensors.Read(golden.File("golden.safetensors"));
        int[] prompt = [.. tensors["prompt_ids"].ToArray<long>().Select(id => (int)id)];
        int[] ends = GoldenDecoding.Ints(golden.Json.GetProperty("eos_token_id"));
        var maxLength = golden.Json.GetProperty("max_length").GetInt32();
        var unknown = new List<string>();
        foreach (var entry in pipelines.EnumerateObject())
        {
            var settings = entry.Value.GetProperty("settings");
            if (!GoldenDecoding.Known(settings))
            {
                unknown.Add(entry.Name);
                continue;
            }
            var decoding = GoldenDecoding.Read(settings, maxLength - prompt.Length);
            Assert.Empty(decoding.Validate());
            var pipeline = new LogitsPipeline(decoding, ends, prompt.Length, maxLength);
            var chosen = tensors[$"{entry.Name}.chosen"].ToArray<long>();
            var logits = tensors[$"{entry.Name}.logits"].ToArray<float>();
            var vocabulary = logits.Length / chosen.Length;
            for (var t = 0; t < chosen.Length; t++)
            {
                var row = logits.AsSpan(t * vocabulary, vocabulary);
                if (decoding.NumBeams > 1) LogitsProcessors.Normalize(row);
                pipeline.Process(row, [.. prompt, .. chosen.Take(t).Select(id => (int)id)]);
            }
            Close(tensors[$"{entry.Name}.scores"].ToArray<float>(), logits, golden.Tolerance("scores_abs", 1e-4), $"{folder} {entry.Name}");
            // What leaves every score as it is, and only that, is the identity.
            Assert.Equal(entry.Value.GetProperty("processors").GetArrayLength() == 0, pipeline.IsIdentity);
        }
        PinnedCases.Generations.SkipUnless(unknown.Count == 0, folder, $"{folder}: all known pipelines pass; not known are the settings of {string.Join(", ", unknown)}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_GreedyAndBeamRuns_GoldenIdsScoresAndTexts(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("runs", out var runs), $"{folder} has no runs");
        var model = Golden.Resolve(golden.Json.GetProperty("model").GetString()!);
        PinnedCases.Generations.SkipUnless(ModelDirectory.ModelTypes.Contains(ModelType(model)), folder, $"model_type {ModelType(model)} is not known");
        using var decoder = ModelDirectory.Load(model, new LoadOptions(Device: TestDevice.Chosen));
        using var engine = new InferenceEngine(decoder, TokenizerDirectory.Load(model));
        int[] eos = GoldenDecoding.Ints(golden.Json.GetProperty("eos_token_id"));
        var unknown = new List<string>();
        foreach (var run in runs.EnumerateArray())
        {
            var settings = run.GetProperty("settings");
            // Sampled text cannot be equal across generators of random numbers.
            if (!GoldenDecoding.Known(settings) || (settings.TryGetProperty("do_sample", out var sampled) && sampled.GetBoolean()))
            {
                unknown.Add(run.GetProperty("name").GetString()!);
                continue;
            }
            var decoding = GoldenDecoding.Read(settings, settings.GetProperty("max_new_tokens").GetInt32()) with { Logprobs = 0 };
            var prompts = run.GetProperty("prompt_ids").EnumerateArray().Select(GoldenDecoding.Ints).ToList();
            // All prompts of a run together, as the reference ran them (left-padded there, packed here).
            var generations = engine.Generate([.. prompts.Select((p, i) => new GenerationRequest($"{i}", p, -1, decoding))]);
            var told = new int[prompts.Count];
            foreach (var result in run.GetProperty("results").EnumerateArray())
            {
                var prompt = result.GetProperty("prompt").GetInt32();
                var name = $"{folder} {run.GetProperty("name").GetString()} prompt {prompt} answer {told[prompt]}";
                var answer = generations[prompt].Answers[told[prompt]++];
                var expected = GoldenDecoding.Ints(result.GetProperty("ids"));
                // A row that ended before the others is filled up, with padding or with the end.
                int[] own = [.. expected.Take(Ended(expected, [.. eos, .. decoding.StopTokenIds]))];
                if (decoding.StopStrings.Count > 0 && answer.FinishReason == FinishReasons.Stop) own = own.AsSpan().TrimEnd(golden.Json.GetProperty("pad_token_id").GetInt32()).ToArray();
                Assert.True(own.SequenceEqual(answer.Ids), $"{name}: {string.Join(' ', answer.Ids)}, expected {string.Join(' ', own)}");
                if (result.TryGetProperty("text_before_stop", out var text)) Assert.Equal(text.GetString(), answer.Text);
                if (result.TryGetProperty("score", out var score)) Assert.Equal(score.GetDouble(), answer.Score!.Value, Scaled(golden.Tolerance("score_abs", 1e-4), score.GetDouble()));
                if (result.TryGetProperty("logprobs", out var logprobs))
                    foreach (var (token, i) in answer.Logprobs!.Select((token, i) => (token, i)))
                        Assert.True(Math.Abs(logprobs[i].GetDouble() - token.Logprob) <= golden.Tolerance("logprob_abs", 1e-4), $"{name}: log-probability {i} is {token.Logprob}, expected {logprobs[i]}");
                if (told[prompt] > 1 || decoding.NumReturnSequences > 1) continue;
                var streamed = new System.Text.StringBuilder();
                await foreach (var chunk in engine.InferAsync(new GenerationRequest("s", prompts[prompt], -1, decoding))) streamed.Append(chunk.Text);
                Assert.Equal(answer.Text, streamed.ToString());
            }
        }
        PinnedCases.Generations.SkipUnless(unknown.Count == 0, folder, $"{folder}: all known runs pass; not known are the settings of {string.Join(", ", unknown)}");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Generate_ModelsGreedyRun_GoldenIdsAloneAndBatched(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("greedy", out var greedy), $"{folder} has no greedy run");
        var type = golden.Json.GetProperty("model_type").GetString()!;
        PinnedCases.Models.SkipUnless(ModelDirectory.ModelTypes.Contains(type), folder, $"model_type {type} is not known");
        int[] prompt = GoldenDecoding.Ints(greedy.GetProperty("prompt_ids")), ids = GoldenDecoding.Ints(greedy.GetProperty("ids"));
        using var decoder = ModelDirectory.Load(golden.Path, new LoadOptions(ScalarType.Float32, TestDevice.Chosen));
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

    // Scores that are not divided by the length grow with it, and so does the rounding.
    private static double Scaled(double tolerance, double value) => tolerance * Math.Max(1, Math.Abs(value) / 10);

    private static void Close(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance, $"{what}: element {i} is {actual[i]}, expected {expected[i]}");
    }
}
