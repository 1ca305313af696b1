using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Tests;

[Trait("Category", "Golden")]
public sealed class AdapterStepsGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("adapter");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_GoldenSteps_LossesAndParameters(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("optimiser", out var optimiser), "the case has no optimiser steps");
        using var decoder = GoldenTraining.Base(golden, PinnedCases.Adapters);
        using var loaded = GoldenTraining.Adapter(decoder, golden.Path, golden, PinnedCases.Adapters, config => WithGroups(config, optimiser));
        RequireGroups(loaded, optimiser);
        PinnedCases.Adapters.SkipUnless(optimiser.GetProperty("name").GetString() == "AdamW", folder, "the optimiser is not AdamW");
        using var expected = new GoldenTensors(golden);
        using var encoder = GoldenTraining.Encoder(decoder, loaded, expected);
        var adapter = encoder ?? loaded;
        var steps = optimiser.GetProperty("steps").GetInt32();
        Assert.True(steps > 0 && expected.Has("step.0.input_ids"));
        int[] Ids(string name) => [.. expected[name].ToArray<long>().Select(x => (int)x)];
        var rows = Enumerable.Range(0, steps).Select(i => new Example(Ids($"step.{i}.input_ids"), Ids($"step.{i}.labels"))).ToList();
        var settings = new TrainingSpec
        {
            LearningRate = optimiser.GetProperty("lr").GetDouble(),
            AdamBeta1 = optimiser.GetProperty("betas")[0].GetDouble(),
            AdamBeta2 = optimiser.GetProperty("betas")[1].GetDouble(),
            AdamEpsilon = optimiser.GetProperty("eps").GetDouble(),
            WeightDecay = Decay(optimiser),
            Schedule = "constant",
            BatchSize = 1,
            Epochs = 1,
            Clip = 0,
        };

        var watch = new RankWatch(golden, expected, adapter);
        using var trainer = new CoTrainer(decoder, [new TrainingMember(folder, adapter, rows, settings, 0) { Order = RowOrder.Sequential, DecaysAll = !optimiser.TryGetProperty("groups", out _) }]);
        var result = trainer.Run(watch.Check).Single();

        var losses = golden.Json.GetProperty("losses").EnumerateArray().Select(x => x.GetDouble()).ToList();
        Assert.Equal(losses.Count, result.Losses.Count);
        for (var i = 0; i < losses.Count; i++) Assert.Equal(losses[i], result.Losses[i], golden.Tolerance("losses_abs", 1e-4));
        foreach (var parameter in adapter.Parameters)
        {
            var worst = Worst(expected, parameter.Key, expected[(expected.Has($"step10.{parameter.Key}") ? "step10." : "final.") + parameter.Key].ToArray<float>(), parameter.Value.ToArray<float>());
            Assert.True(worst <= golden.Tolerance("step10_abs", 1e-4), $"{parameter.Key} differs by {worst:E2} after the steps");
        }
        if (Directory.Exists(golden.File("trained"))) AssertSaved(adapter, golden, expected);
    }

    // Groups have a decay of their own, beside which the optimiser's counts for nothing.
    private static double Decay(JsonElement optimiser) => optimiser.TryGetProperty("groups", out var groups)
        ? groups.EnumerateArray().Max(group => group.GetProperty("weight_decay").GetDouble()) : optimiser.GetProperty("weight_decay").GetDouble();

    // The largest difference of those that count: where a gradient is nothing but rounding, Adam's steps are too.
    private static double Worst(GoldenTensors expected, string key, float[] want, float[] have)
    {
        Assert.Equal(want.Length, have.Length);
        var ignored = expected.Has($"step10_ignore.{key}") ? expected[$"step10_ignore.{key}"].to(torch.float32).ToArray<float>() : new float[want.Length];
        return Enumerable.Range(0, want.Length).Where(i => ignored[i] == 0).Select(i => (double)Math.Abs(want[i] - have[i])).DefaultIfEmpty().Max();
    }

    // What the reference saves after the last step, where ranks were pruned in training.
    private static void AssertSaved(Adapter adapter, GoldenCase golden, GoldenTensors expected)
    {
        using var saved = new TemporaryFolder();
        AdapterDirectory.Save(adapter, saved.Path);
        JsonNode Pattern(string file) => JsonNode.Parse(File.ReadAllText(file))!["rank_pattern"]!;
        Assert.True(JsonNode.DeepEquals(Pattern(golden.File("trained/adapter_config.json")), Pattern(saved["adapter_config.json"])));
        var (want, have) = (SafeTensors.Read(golden.File("trained/adapter_model.safetensors")), SafeTensors.Read(saved["adapter_model.safetensors"]));
        Assert.Equal(want.Keys.Order(StringComparer.Ordinal), have.Keys.Order(StringComparer.Ordinal));
        foreach (var (key, tensor) in want)
        {
            Assert.Equal(tensor.shape, have[key].shape);
            Assert.True(Worst(expected, key, tensor.ToArray<float>(), have[key].ToArray<float>()) <= golden.Tolerance("step10_abs", 1e-4), key);
        }
        foreach (var tensor in want.Values.Concat(have.Values)) tensor.Dispose();
    }

    // LoRA+ is a setting of the optimiser: the case tells it by its groups.
    private static AdapterConfig WithGroups(AdapterConfig config, JsonElement optimiser)
    {
        if (config is not LoraConfig lora || !optimiser.TryGetProperty("groups", out var groups)) return config;
        double? Rate(string name) => groups.EnumerateArray().Where(group => group.GetProperty("group").GetString() == name).Select(group => (double?)group.GetProperty("lr").GetDouble()).FirstOrDefault();
        return lora with { LoraPlusRatio = Rate("B") / optimiser.GetProperty("lr").GetDouble(), LoraPlusEmbeddingRate = Rate("embedding") ?? lora.LoraPlusEmbeddingRate };
    }

    private static void RequireGroups(Adapter adapter, JsonElement optimiser)
    {
        if (!optimiser.TryGetProperty("groups", out var groups)) return;
        var rate = optimiser.GetProperty("lr").GetDouble();
        foreach (var group in groups.EnumerateArray())
            foreach (var key in group.GetProperty("parameters").EnumerateArray())
            {
                var parameter = adapter.Parameters.Single(p => p.Key == key.GetString());
                Assert.Equal(group.GetProperty("lr").GetDouble(), parameter.OwnRate ?? rate * parameter.RateFactor, 1e-9);
                Assert.Equal(group.GetProperty("weight_decay").GetDouble(), parameter.Decays ? Decay(optimiser) : 0);
            }
    }
}
