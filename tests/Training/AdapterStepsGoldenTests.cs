using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Kernels;
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
        using var adapter = GoldenTraining.Adapter(decoder, golden.Path, golden, PinnedCases.Adapters, config => WithGroups(config, optimiser));
        RequireGroups(adapter, optimiser);
        PinnedCases.Adapters.SkipUnless(optimiser.GetProperty("name").GetString() == "AdamW", folder, "the optimiser is not AdamW");
        using var expected = new GoldenTensors(golden);
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
            WeightDecay = optimiser.GetProperty("weight_decay").GetDouble(),
            Schedule = "constant",
            BatchSize = 1,
            Epochs = 1,
            Clip = 0,
        };

        using var trainer = new CoTrainer(decoder, [new TrainingMember(folder, adapter, rows, settings, 0) { Order = RowOrder.Sequential }]);
        var result = trainer.Run().Single();

        var losses = golden.Json.GetProperty("losses").EnumerateArray().Select(x => x.GetDouble()).ToList();
        Assert.Equal(losses.Count, result.Losses.Count);
        for (var i = 0; i < losses.Count; i++) Assert.Equal(losses[i], result.Losses[i], golden.Tolerance("losses_abs", 1e-4));
        foreach (var parameter in adapter.Parameters)
        {
            var (want, have) = (expected[$"step10.{parameter.Key}"].ToArray<float>(), parameter.Value.ToArray<float>());
            var ignored = expected.Has($"step10_ignore.{parameter.Key}") ? expected[$"step10_ignore.{parameter.Key}"].to(torch.float32).ToArray<float>() : new float[want.Length];
            var worst = Enumerable.Range(0, want.Length).Where(i => ignored[i] == 0).Max(i => Math.Abs(want[i] - have[i]));
            Assert.True(worst <= golden.Tolerance("step10_abs", 1e-4), $"{parameter.Key} differs by {worst:E2} after the steps");
        }
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
                Assert.Equal(group.GetProperty("weight_decay").GetDouble() > 0, parameter.Decays);
            }
    }
}
