using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Optimisers;
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
        var settings = Settings(folder, name.GetString()!, golden.Json.GetProperty("settings"));
        using var expected = new GoldenTensors(golden);
        using var scope = torch.NewDisposeScope();
        var parameters = expected.Names.Where(n => n.StartsWith("init.", StringComparison.Ordinal))
            .Select(n => new AdapterParameter(n["init.".Length..], expected[n].clone().requires_grad_()) { Decays = true }).ToList();
        using var optimiser = Optimiser.Create(parameters, settings);
        for (var step = 0; step < golden.Json.GetProperty("steps").GetInt32(); step++)
        {
            foreach (var parameter in parameters) parameter.Value.grad = expected[$"grad.{step}.{parameter.Key}"].clone();
            var scale = 1.0;
            if (golden.Json.TryGetProperty("grad_norms", out var norms))
            {
                Assert.Equal(norms[step].GetDouble(), optimiser.GradNorm(), 1e-5 * norms[step].GetDouble());
                scale = GradientClipping.Coefficient(optimiser.GradNorm(), ClipOf(name.GetString()!));
            }
            optimiser.Step(optimiser.RateOf(settings.LearningRate!.Value), scale);
            foreach (var parameter in parameters) AssertClose(golden, expected[$"step.{step}.{parameter.Key}"], parameter.Value, $"{parameter.Key} after step {step}");
        }
        AssertState(golden, expected, optimiser);
    }

    // "… after clip_grad_norm_(1.0)"
    private static double ClipOf(string name) => double.Parse(Regex.Match(name, @"clip_grad_norm_\(([^)]+)\)").Groups[1].Value, CultureInfo.InvariantCulture);

    // What a step leaves behind, where the case holds it: codes and scales of 8 bits, or the moments of a small tensor.
    private static void AssertState(GoldenCase golden, GoldenTensors expected, Optimiser optimiser)
    {
        var state = optimiser.State().ToDictionary();
        foreach (var name in expected.Names.Where(n => n.StartsWith("state.", StringComparison.Ordinal)))
        {
            var parts = name.Split('.');
            var (first, scale, codes) = (parts[^1].EndsWith('1'), parts[^1].StartsWith("absmax", StringComparison.Ordinal), expected[name].dtype == ScalarType.Byte);
            var key = $"{(first ? "exp_avg" : "exp_avg_sq")}{(scale ? "_largest" : codes ? "_codes" : "")}.{string.Join('.', parts[1..^1])}";
            if (!codes) AssertClose(golden, expected[name], state[key], name);
            else
            {
                var (want, have) = (expected[name].ToArray<byte>(), state[key].ToArray<byte>());
                Assert.True(want.Zip(have).Count(pair => pair.First == pair.Second) >= golden.Tolerance("share_of_values", 0.999) * want.Length, $"{name}: other codes");
            }
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

    private static TrainingSpec Settings(string folder, string name, JsonElement s)
    {
        foreach (var word in (string[])["maximize", "alpha", "t_alpha", "t_beta3"])
            PinnedCases.Optimisers.SkipUnless(Number(s, word) == 0, folder, $"{word} is not supported");
        var optimiser = name switch
        {
            _ when name.Contains("AdamW8bit", StringComparison.Ordinal) => "adamw_8bit",
            _ when name.Contains("Lion8bit", StringComparison.Ordinal) => "lion_8bit",
            _ when name.Contains("8bit", StringComparison.Ordinal) => name,
            _ when name.Contains("AdamW", StringComparison.Ordinal) => "adamw",
            _ when Regex.IsMatch(name, @"\bAdam\b") => Number(s, "decoupled_weight_decay") == 0 ? "adam" : "adamw",
            _ when name.Contains("SGD", StringComparison.Ordinal) => "sgd",
            _ when name.Contains("Adafactor", StringComparison.Ordinal) => "adafactor",
            _ when name.Contains("Lion", StringComparison.Ordinal) => "lion",
            _ => name,
        };
        PinnedCases.Optimisers.SkipUnless(OptimiserCatalogue.Find(optimiser) is not null, folder, $"optimiser '{name}' is not supported");
        var (arguments, values) = (new SortedDictionary<string, double>(), new Dictionary<string, double>());
        foreach (var argument in OptimiserCatalogue.Find(optimiser)!.Arguments)
            if (s.TryGetProperty(argument.Name, out var given) && given.ValueKind != JsonValueKind.Null) arguments[argument.Name] = Number(s, argument.Name);
        void Pair(string property, string first, string second)
        {
            if (s.TryGetProperty(property, out var pair) && pair.ValueKind == JsonValueKind.Array) (values[first], values[second]) = (pair[0].GetDouble(), pair[1].GetDouble());
        }
        if (optimiser == "adafactor") Pair("eps", "eps1", "eps2");
        else Pair("betas", "beta1", "beta2");
        foreach (var (key, value) in values)
            if (OptimiserCatalogue.Find(optimiser)!.Arguments.Any(argument => argument.Name == key)) arguments[key] = value;
        var training = new TrainingSpec
        {
            LearningRate = Number(s, "lr"), WeightDecay = Number(s, "weight_decay"), Optimizer = optimiser, OptimizerArguments = arguments,
            AdamBeta1 = values.GetValueOrDefault("beta1"), AdamBeta2 = values.GetValueOrDefault("beta2"), AdamEpsilon = s.TryGetProperty("eps", out var eps) && eps.ValueKind == JsonValueKind.Number ? Math.Max(eps.GetDouble(), 1e-30) : 1e-8,
        };
        // What would have no effect is refused where it is written down (dampening without a momentum).
        PinnedCases.Optimisers.SkipUnless(!training.Faults().Any(), folder, string.Join("; ", training.Faults()));
        return training;
    }

    private static double Number(JsonElement s, string name) => !s.TryGetProperty(name, out var value) ? 0
        : value.ValueKind switch { JsonValueKind.Number => value.GetDouble(), JsonValueKind.True => 1, _ => 0 };

    // All values, or where a rounding may move a code the share that the case says.
    private static void AssertClose(GoldenCase golden, Tensor expected, Tensor actual, string what)
    {
        var (want, have) = (expected.ToArray<float>(), actual.ToArray<float>());
        Assert.Equal(want.Length, have.Length);
        var far = Enumerable.Range(0, want.Length).Where(i => !(Math.Abs(want[i] - have[i]) <= golden.Tolerance("abs", 1e-6) + golden.Tolerance("rel", 1e-5) * Math.Abs(want[i]))).ToList();
        Assert.True(far.Count <= (1 - golden.Tolerance("share_of_values", 1)) * want.Length, far.Count == 0 ? "" : $"{what}: {far.Count} of {want.Length} differ, [{far[0]}] is {have[far[0]]}, expected {want[far[0]]}");
    }
}
