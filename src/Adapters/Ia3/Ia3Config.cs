using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Ia3;

/// <summary>IA3's configuration (Liu et al., 2022, <c>arXiv:2205.05638</c>), with PEFT's names and defaults.</summary>
public sealed record Ia3Config : TargetedConfig
{
    /// <inheritdoc/>
    public override string PeftType => Ia3Options.Method.PeftType;

    /// <summary>The targets whose input is scaled; the others' output is. Null takes the default of the model's type.</summary>
    public ModuleSelection? FeedforwardModules { get; init; }

    /// <summary>Whether the vectors start at one (the identity); otherwise from N(0, 1).</summary>
    public bool InitOnes { get; init; } = true;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in Ia3Options.Method.NotBuilt) reader.Refuse(key, off, feature);
        var config = new Ia3Config
        {
            TargetModules = reader.Modules(Ia3Options.Targets.Name),
            ExcludeModules = reader.Modules(Ia3Options.Exclude.Name),
            FeedforwardModules = reader.Modules(Ia3Options.Feedforward.Name),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
            InitOnes = reader.Flag(Ia3Options.Init),
        };
        config.Validate(reader.File);
        return config;
    }

    internal void Validate(string file)
    {
        if (FeedforwardModules?.Names is not { } feedforward || TargetModules?.Names is not { } targets) return;
        if (feedforward.Except(targets, StringComparer.Ordinal).FirstOrDefault() is { } stray)
            throw new AdapterException($"{file}: feedforward_modules has '{stray}', which is not in target_modules");
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in Ia3Options.Method.NotBuilt) fields[key] = off?.DeepClone();
        fields[Ia3Options.Targets.Name] = ConfigWriter.Modules(TargetModules);
        fields[Ia3Options.Exclude.Name] = ConfigWriter.Modules(ExcludeModules);
        fields[Ia3Options.Feedforward.Name] = ConfigWriter.Modules(FeedforwardModules);
        fields["fan_in_fan_out"] = FanInFanOut;
        fields[Ia3Options.Init.Name] = InitOnes;
    }
}
