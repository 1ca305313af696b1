using System.Text.Json.Nodes;

namespace AlpacaCot.Adapters;

/// <summary>IA3's configuration (Liu et al., 2022, <c>arXiv:2205.05638</c>), with PEFT's names and defaults.</summary>
public sealed record Ia3Config : TargetedConfig
{
    /// <inheritdoc/>
    public override string PeftType => "IA3";

    /// <summary>The targets whose input is scaled; the others' output is. Null takes the default of the model's type.</summary>
    public ModuleSelection? FeedforwardModules { get; init; }

    /// <summary>Whether the vectors start at one (the identity); otherwise from N(0, 1).</summary>
    public bool InitOnes { get; init; } = true;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        reader.Refuse("modules_to_save", null, "whole modules trained and saved");
        var config = new Ia3Config
        {
            TargetModules = reader.Modules("target_modules"),
            ExcludeModules = reader.Modules("exclude_modules"),
            FeedforwardModules = reader.Modules("feedforward_modules"),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
            InitOnes = reader.Flag("init_ia3_weights", true),
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
        fields["modules_to_save"] = null;
        fields["target_modules"] = ConfigWriter.Modules(TargetModules);
        fields["exclude_modules"] = ConfigWriter.Modules(ExcludeModules);
        fields["feedforward_modules"] = ConfigWriter.Modules(FeedforwardModules);
        fields["fan_in_fan_out"] = FanInFanOut;
        fields["init_ia3_weights"] = InitOnes;
    }
}
