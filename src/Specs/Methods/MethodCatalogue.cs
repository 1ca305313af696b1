using System.Reflection;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Methods;

/// <summary>
/// The adapter methods that a sweep may name. A method is added by adding its file beside this one: every class here with a static property <c>Method</c> is one.
/// </summary>
public static class MethodCatalogue
{
    /// <summary>The methods that are built.</summary>
    public static IReadOnlyList<MethodDefinition> All { get; } = [.. typeof(MethodCatalogue).Assembly.GetTypes()
        .Where(type => type.Namespace == typeof(MethodCatalogue).Namespace)
        .Select(type => type.GetProperty("Method", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)).OfType<MethodDefinition>()
        .OrderBy(method => method.Name, StringComparer.Ordinal)];

    /// <summary>Methods of the field that are not built, each with a hint (may be empty).</summary>
    public static IReadOnlyDictionary<string, string> NotBuilt { get; } = new SortedDictionary<string, string>(new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["adalora"] = "", ["adapter"] = "it is method: adapter_h", ["adapterh"] = "it is method: adapter_h", ["adapterp"] = "it is method: adapter_p", ["bitfit"] = "", ["boft"] = "", ["dora"] = "", ["full"] = "", ["hra"] = "", ["last_layers"] = "it is method: freeze",
        ["ln_tuning"] = "", ["loha"] = "", ["lokr"] = "", ["miss"] = "", ["oft"] = "", ["p_tuning"] = "", ["p-tuning"] = "it is method: p_tuning", ["p-adapter"] = "it is method: adapter_parallel", ["pissa"] = "", ["prefix"] = "",
        ["prefix_tuning"] = "it is method: prefix", ["prompt"] = "", ["prompt_tuning"] = "it is method: prompt", ["qlora"] = "it is lora over a base with load: nf4", ["randlora"] = "",
        ["rslora"] = "it is method: lora with rslora: true", ["sadapterh"] = "it is method: adapter_h", ["sadapterp"] = "it is method: adapter_p", ["vblora"] = "", ["vera"] = "",
    }.Where(method => Find(method.Key) is null).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The method of that name, or null.</summary>
    public static MethodDefinition? Find(string name) => All.FirstOrDefault(m => m.Name == name);

    /// <summary>The method of that name.</summary>
    /// <exception cref="SweepException">No such method is built.</exception>
    public static MethodDefinition Get(string name)
        => Find(name) ?? throw new SweepException($"PEFT method '{name}' is not built; built are {string.Join(", ", All.Select(m => m.Name))}");

    /// <summary>
    /// The adapter's <c>adapter_config.json</c> as far as an experiment decides it: <c>peft_type</c> and every option, defaults filled in. A null
    /// value leaves the choice to the model's family.
    /// </summary>
    public static JsonObject AdapterConfig(MethodSpec peft)
    {
        var method = Get(peft.Method);
        var config = new JsonObject { ["peft_type"] = method.PeftType };
        foreach (var option in method.Options)
            config[option.Name] = peft.Options.TryGetValue(option.Name, out var given)
                ? JsonNode.Parse(given.GetRawText())
                : option.Default?.DeepClone();
        foreach (var (key, value) in method.Fixed) config[key] = value.DeepClone();
        return config;
    }

    /// <summary>An adapter's learning rate and where it comes from: its own, else the training's, else the method's default.</summary>
    public static (double Rate, LearningRateSource Source) LearningRate(MethodSpec peft, TrainingSpec training)
        => peft.LearningRate is { } own ? (own, LearningRateSource.Adapter)
            : training.LearningRate is { } shared ? (shared, LearningRateSource.Training)
            : (Get(peft.Method).DefaultLearningRate, LearningRateSource.MethodDefault);
}

/// <summary>Where a trial's learning rate comes from.</summary>
public enum LearningRateSource
{
    /// <summary>The adapter names its own.</summary>
    Adapter,

    /// <summary>The sweep's <c>training.learning_rate</c>.</summary>
    Training,

    /// <summary>The method's default in <see cref="MethodCatalogue"/>.</summary>
    MethodDefault,
}
