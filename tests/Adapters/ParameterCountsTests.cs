using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Tests;

/// <summary>Trainable parameters on large models, of which only the shapes are needed.</summary>
[Trait("Category", "Golden")]
public sealed class ParameterCountsTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("parameter_counts");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Of_MethodsOnLargeModels_GoldenCounts(string folder)
    {
        var golden = Golden.Open(folder);
        var models = golden.Json.GetProperty("models").EnumerateObject().ToDictionary(model => model.Name, model => Facts(model.Name, model.Value), StringComparer.Ordinal);
        var (counted, skipped) = (0, new List<string>());
        foreach (var row in golden.Json.GetProperty("rows").EnumerateArray())
        {
            var (type, label) = (row.GetProperty("method").GetString()!, row.GetProperty("label").GetString()!);
            var method = MethodCatalogue.All.FirstOrDefault(method => method.PeftType == type && method.Fixed.Count == 0);
            if (method is null || row.GetProperty("settings").EnumerateObject().Any(setting => method.Option(setting.Name) is null))
            {
                skipped.Add(label);
                continue;
            }
            var model = models[row.GetProperty("model").GetString()!];
            Assert.True(row.GetProperty("trainable").GetInt64() == AdapterSize.Of(Spec(method, row.GetProperty("settings"), model), model), $"{model.Name}, {label}");
            counted++;
        }
        TestContext.Current.SendDiagnosticMessage($"{counted} counted; not known: {string.Join(", ", skipped)}");
        Assert.True(counted > 0);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Of_BottleneckAdaptersOnLargeModels_GoldenCounts(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("bottleneck_study", out var study), "the case has no bottleneck adapters");
        var named = golden.Json.GetProperty("models").EnumerateObject().Single(model => model.Value.GetProperty("model_type").GetString() == "bloom");
        var model = Facts(named.Name, named.Value);
        foreach (var row in study.EnumerateArray())
        {
            var name = row.GetProperty("method").GetString()!;
            var method = name.StartsWith("SadapterH", StringComparison.Ordinal) ? "adapter_h" : name.StartsWith("SadapterP", StringComparison.Ordinal) ? "adapter_p" : "adapter_parallel";
            var spec = new MethodSpec { Name = name, Method = method, Options = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal) { ["bottleneck_size"] = row.GetProperty("bottleneck_size") } };
            Assert.True(row.GetProperty("trainable").GetInt64() == AdapterSize.Of(spec, model), name);
        }
    }

    // What a file leaves out means PEFT's default, which a sweep's need not be.
    private static MethodSpec Spec(MethodDefinition method, JsonElement settings, ModelFacts model)
    {
        var options = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var option in method.Options)
            if (settings.TryGetProperty(option.Name, out var given)) options[option.Name] = given;
            else if (option.Name == "encoder_hidden_size") options[option.Name] = JsonSerializer.SerializeToElement(model.Projections[0].In);
            else if (option.FileDefault is { } value) options[option.Name] = JsonSerializer.SerializeToElement(value);
        return new MethodSpec { Name = method.Name, Method = method.Name, Options = options };
    }

    private static ModelFacts Facts(string name, JsonElement sizes)
    {
        int Size(string key) => sizes.GetProperty(key).GetInt32();
        int SizeOr(string key, int otherwise) => sizes.TryGetProperty(key, out var given) && given.ValueKind == JsonValueKind.Number ? given.GetInt32() : otherwise;
        var (type, hidden, bloom) = (sizes.GetProperty("model_type").GetString()!, Size("hidden_size"), sizes.TryGetProperty("n_layer", out _));
        var layers = Size(bloom ? "n_layer" : "num_hidden_layers");
        // The width of a block's queries, or of its keys and values.
        int Heads(string count) => SizeOr("num_attention_heads", 1) is var heads ? SizeOr(count, heads) * SizeOr("head_dim", hidden / heads) : 0;
        IEnumerable<ProjectionFacts> Block(int i) => bloom
            ? [
                new($"transformer.h.{i}.self_attention.query_key_value", hidden, 3 * hidden, Bias: true), new($"transformer.h.{i}.self_attention.dense", hidden, hidden, Bias: true),
                new($"transformer.h.{i}.mlp.dense_h_to_4h", hidden, 4 * hidden, Bias: true), new($"transformer.h.{i}.mlp.dense_4h_to_h", 4 * hidden, hidden, Bias: true),
            ]
            : [
                new($"model.layers.{i}.self_attn.q_proj", hidden, Heads("num_attention_heads")), new($"model.layers.{i}.self_attn.k_proj", hidden, Heads("num_key_value_heads")),
                new($"model.layers.{i}.self_attn.v_proj", hidden, Heads("num_key_value_heads")), new($"model.layers.{i}.self_attn.o_proj", Heads("num_attention_heads"), hidden),
                new($"model.layers.{i}.mlp.gate_proj", hidden, Size("intermediate_size")), new($"model.layers.{i}.mlp.up_proj", hidden, Size("intermediate_size")),
                new($"model.layers.{i}.mlp.down_proj", Size("intermediate_size"), hidden),
            ];
        return new ModelFacts
        {
            Name = name, ModelType = type, Layers = layers, Projections = [.. Enumerable.Range(0, layers).SelectMany(Block)],
            DefaultTargets = MethodCatalogue.All.Select(method => (method.Name, Targets: TargetDefaults.Of(method.Name, type))).Where(pair => pair.Targets is not null)
                .ToDictionary(pair => pair.Name, pair => pair.Targets!, StringComparer.Ordinal),
        };
    }
}
