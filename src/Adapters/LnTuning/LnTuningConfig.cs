using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.LnTuning;

/// <summary>The configuration of layer-norm tuning, with PEFT's names.</summary>
public sealed record LnTuningConfig : TargetedConfig
{
    /// <inheritdoc/>
    public override string PeftType => LnTuningOptions.Method.PeftType;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in LnTuningOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        return new LnTuningConfig { TargetModules = reader.Modules(LnTuningOptions.Targets.Name), ExcludeModules = reader.Modules(LnTuningOptions.Exclude.Name) };
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in LnTuningOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        fields[LnTuningOptions.Targets.Name] = ConfigWriter.Modules(TargetModules);
        fields[LnTuningOptions.Exclude.Name] = ConfigWriter.Modules(ExcludeModules);
    }
}
