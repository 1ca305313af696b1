using System.Globalization;
using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Specs;
using AlpacaCot.Training.Optimisers;

namespace AlpacaCot.Training.Tests;

[Trait("Category", "Golden")]
public sealed class OptimiserGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("optimiser");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Step_GoldenGradients_GoldenParameters(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("optimiser", out var name), "the case has no optimiser");
        RequireAdamW(folder, name.GetString()!, golden.Json.GetProperty("settings"));
        using var expected = new GoldenTensors(golden);
        using var scope = torch.NewDisposeScope();
        var s = golden.Json.GetProperty("settings");
        var settings = new TrainingSpec
        {
            LearningRate = s.GetProperty("lr").GetDouble(),
            AdamBeta1 = s.GetProperty("betas")[0].GetDouble(),
            AdamBeta2 = s.GetProperty("betas")[1].GetDouble(),
            AdamEpsilon = s.GetProperty("eps").GetDouble(),
            WeightDecay = s.GetProperty("weight_decay").GetDouble(),
        };
        var parameters = expected.Names.Where(n => n.StartsWith("init.", StringComparison.Ordinal))
            .Select(n => new AdapterParameter(n["init.".Length..], expected[n].clone().requires_grad_())).ToList();
        using var optimiser = new AdamW(parameters, settings);
        for (var step = 0; step < golden.Json.GetProperty("steps").GetInt32(); step++)
        {
            foreach (var parameter in parameters) parameter.Value.grad = expected[$"grad.{step}.{parameter.Key}"].clone();
            var scale = 1.0;
            if (golden.Json.TryGetProperty("grad_norms", out var norms))
            {
                Assert.Equal(norms[step].GetDouble(), optimiser.GradNorm(), 1e-5 * norms[step].GetDouble());
                scale = GradientClipping.Coefficient(optimiser.GradNorm(), 1.0);
            }
            optimiser.Step(settings.LearningRate!.Value, scale);
            foreach (var parameter in parameters) AssertClose(golden, expected[$"step.{step}.{parameter.Key}"], parameter.Value, $"{parameter.Key} after step {step}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Clip_GoldenGradients_GoldenNormsAndGradients(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("cases", out var cases), "the case is not about clipping alone");
        using var expected = new GoldenTensors(golden);
        using var scope = torch.NewDisposeScope();
        foreach (var (c, i) in cases.EnumerateArray().Select((c, i) => (c, i)))
        {
            var p = c.GetProperty("norm_type").GetString() is "inf" ? double.PositiveInfinity : double.Parse(c.GetProperty("norm_type").GetString()!, CultureInfo.InvariantCulture);
            var gradients = Enumerable.Range(0, 100).TakeWhile(k => expected.Has($"{i}.grad.{k}")).Select(k => expected[$"{i}.grad.{k}"]).ToList();
            var norm = GradientClipping.Norm(gradients, p);
            Assert.Equal(c.GetProperty("total_norm").GetDouble(), norm, 1e-6 + 1e-5 * norm);
            var factor = GradientClipping.Coefficient(norm, c.GetProperty("max_norm").GetDouble());
            for (var k = 0; k < gradients.Count; k++) AssertClose(golden, expected[$"{i}.clipped.{k}"], gradients[k] * factor, $"case {i}, gradient {k}");
        }
    }

    private static void RequireAdamW(string folder, string name, JsonElement settings)
    {
        var known = name.Contains("AdamW", StringComparison.Ordinal) && !name.Contains("8bit", StringComparison.Ordinal);
        PinnedCases.Optimisers.SkipUnless(known, folder, $"optimiser '{name}' is not supported");
        PinnedCases.Optimisers.SkipUnless(!settings.TryGetProperty("amsgrad", out var amsgrad) || !amsgrad.GetBoolean(), folder, "AdamW with amsgrad is not supported");
        PinnedCases.Optimisers.SkipUnless(!settings.TryGetProperty("maximize", out var maximize) || !maximize.GetBoolean(), folder, "AdamW that maximises is not supported");
    }

    private static void AssertClose(GoldenCase golden, Tensor expected, Tensor actual, string what)
    {
        var (want, have) = (expected.ToArray<float>(), actual.ToArray<float>());
        Assert.Equal(want.Length, have.Length);
        for (var i = 0; i < want.Length; i++)
            Assert.True(Math.Abs(want[i] - have[i]) <= golden.Tolerance("abs", 1e-6) + golden.Tolerance("rel", 1e-5) * Math.Abs(want[i]), $"{what}[{i}]: {have[i]}, expected {want[i]}");
    }
}
