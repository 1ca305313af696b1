using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Lora;

/// <summary>How A and B start.</summary>
public enum LoraInit
{
    /// <summary>A Kaiming uniform (<c>U(−1/√in, 1/√in)</c>), B zero: the adapter starts as the identity.</summary>
    Default,

    /// <summary>A ~ N(0, 1/r), B zero.</summary>
    Gaussian,

    /// <summary>A and B both Kaiming uniform: the adapter changes the model from the start (for tests).</summary>
    Random,
}

/// <summary>LoRA's configuration (Hu et al., 2021, <c>arXiv:2106.09685</c>), with PEFT's names and defaults.</summary>
public sealed record LoraConfig : TargetedConfig
{
    /// <inheritdoc/>
    public override string PeftType => LoraOptions.Method.PeftType;

    /// <summary>Rank of the update.</summary>
    public int R { get; init; } = (int)LoraOptions.R.FileDefault!;

    /// <summary>Numerator of the scaling.</summary>
    public double Alpha { get; init; } = (double)LoraOptions.Alpha.FileDefault!;

    /// <summary>Share of the input's elements dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the scaling is alpha/√r (rank-stabilised LoRA, <c>arXiv:2312.03732</c>) instead of alpha/r.</summary>
    public bool UseRsLora { get; init; }

    /// <summary>How A and B start.</summary>
    public LoraInit Init { get; init; }

    /// <summary>Ranks by pattern of the module path; the first match wins.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> RankPattern { get; init; } = [];

    /// <summary>Alphas by pattern of the module path; the first match wins.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>Numbers of the blocks to act on; null for all.</summary>
    public OneOrMany<int>? LayersToTransform { get; init; }

    /// <summary>Names of the block lists in which <see cref="LayersToTransform"/> counts, where the path has several numbers.</summary>
    public OneOrMany<string>? LayerListNames { get; init; }

    /// <summary>Rank, alpha and scaling of one module.</summary>
    public (int R, double Alpha, double Scaling) At(string path)
    {
        var r = (int)(First(RankPattern, path) ?? R);
        var alpha = First(AlphaPattern, path) ?? Alpha;
        return (r, alpha, alpha / (UseRsLora ? Math.Sqrt(r) : r));
    }

    internal override OneOrMany<int>? Layers => LayersToTransform;

    internal override OneOrMany<string>? LayersPattern => LayerListNames;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in LoraOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        reader.Keep("megatron_core", "megatron.core");
        reader.Keep("qalora_group_size", 16);
        var config = new LoraConfig
        {
            R = reader.Integer(LoraOptions.R),
            Alpha = reader.Number(LoraOptions.Alpha),
            Dropout = reader.Number(LoraOptions.Dropout),
            UseRsLora = reader.Flag(LoraOptions.UseRsLora),
            Init = ReadInit(reader),
            RankPattern = reader.Numbers(LoraOptions.RankPattern),
            AlphaPattern = reader.Numbers(LoraOptions.AlphaPattern),
            TargetModules = reader.Modules(LoraOptions.Targets.Name),
            ExcludeModules = reader.Modules(LoraOptions.Exclude.Name),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
            LayersToTransform = reader.OneOrMany<int>(LoraOptions.Layers.Name, "a block number or a list of them"),
            LayerListNames = reader.OneOrMany<string>(LoraOptions.LayersPattern.Name, "a name or a list of names"),
        };
        config.Validate(reader.File);
        return config;
    }

    internal void Validate(string file)
    {
        if (!double.IsFinite(Alpha) || AlphaPattern.Any(pair => !double.IsFinite(pair.Value))) throw new AdapterException($"{file}: lora_alpha must be a finite number");
        if (TargetModules?.Pattern is not null && (LayersToTransform ?? (object?)LayerListNames) is not null)
            throw new AdapterException($"{file}: layers_to_transform and layers_pattern need target_modules as a list");
        if (LayerListNames is not null && LayersToTransform is null)
            throw new AdapterException($"{file}: layers_pattern needs layers_to_transform");
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in LoraOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        fields["megatron_core"] = "megatron.core";
        fields["qalora_group_size"] = 16;
        fields[LoraOptions.R.Name] = R;
        fields[LoraOptions.Alpha.Name] = ConfigWriter.Number(Alpha);
        fields[LoraOptions.Dropout.Name] = ConfigWriter.Float(Dropout);
        fields[LoraOptions.UseRsLora.Name] = UseRsLora;
        fields[LoraOptions.Init.Name] = Init switch { LoraInit.Gaussian => "gaussian", LoraInit.Random => false, _ => true };
        fields[LoraOptions.RankPattern.Name] = ConfigWriter.Numbers(RankPattern);
        fields[LoraOptions.AlphaPattern.Name] = ConfigWriter.Numbers(AlphaPattern);
        fields[LoraOptions.Targets.Name] = ConfigWriter.Modules(TargetModules);
        fields[LoraOptions.Exclude.Name] = ConfigWriter.Modules(ExcludeModules);
        fields["fan_in_fan_out"] = FanInFanOut;
        fields[LoraOptions.Layers.Name] = ConfigWriter.OneOrMany(LayersToTransform);
        fields[LoraOptions.LayersPattern.Name] = ConfigWriter.OneOrMany(LayerListNames);
    }

    private static LoraInit ReadInit(ConfigReader reader) => reader.Ask(LoraOptions.Init.Name) switch
    {
        null => LoraInit.Default,
        JsonValue value when value.TryGetValue<bool>(out var on) => on ? LoraInit.Default : LoraInit.Random,
        JsonValue value when value.TryGetValue<string>(out var name) && name == "gaussian" => LoraInit.Gaussian,
        var other => throw new AdapterNotSupportedException($"{reader.File}: init_lora_weights = {other.ToJsonString()} is not supported; known: true, false, gaussian"),
    };

    private static double? First(IReadOnlyList<KeyValuePair<string, double>> patterns, string path)
    {
        foreach (var (key, value) in patterns)
            if (PatternMatches(key, path)) return value;
        return null;
    }

    /// <summary>Whether a key of <see cref="RankPattern"/> or <see cref="AlphaPattern"/> means a module.</summary>
    internal static bool PatternMatches(string pattern, string path)
        => ModuleSelection.IsMatch(ModulePattern.Ending(pattern), path);
}
