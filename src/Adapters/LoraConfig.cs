using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AlpacaCot.Adapters;

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
    // What PEFT has and this project has not: refused where it is switched on. The second column is "off", which is also what is written.
    private static readonly (string Key, JsonNode? Off, string Feature)[] NotBuilt =
    [
        ("bias", "none", "training the base's biases"),
        ("use_dora", false, "DoRA"),
        ("lora_bias", false, "a bias on lora_B"),
        ("modules_to_save", null, "whole modules trained and saved"),
        ("layer_replication", null, "replicated layers"),
        ("target_parameters", null, "LoRA on bare parameters"),
        ("trainable_token_indices", null, "trainable tokens"),
        ("ensure_weight_tying", false, "tied adapters"),
        ("loftq_config", new JsonObject(), "LoftQ"),
        ("eva_config", null, "EVA"),
        ("corda_config", null, "CorDA"),
        ("lora_ga_config", null, "LoRA-GA"),
        ("velora_config", null, "VeLoRA"),
        ("monteclora_config", null, "MonteCLoRA"),
        ("kasa_config", null, "KaSA"),
        ("arrow_config", null, "Arrow routing"),
        ("use_bdlora", null, "BD-LoRA"),
        ("alora_invocation_tokens", null, "activated LoRA"),
        ("use_qalora", false, "QA-LoRA"),
        ("megatron_config", null, "Megatron"),
    ];

    /// <inheritdoc/>
    public override string PeftType => "LORA";

    /// <summary>Rank of the update.</summary>
    public int R { get; init; } = 8;

    /// <summary>Numerator of the scaling.</summary>
    public double Alpha { get; init; } = 8;

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
        foreach (var (key, off, feature) in NotBuilt) reader.Refuse(key, off, feature);
        reader.Keep("megatron_core", "megatron.core");
        reader.Keep("qalora_group_size", 16);
        var config = new LoraConfig
        {
            R = reader.Integer("r", 8),
            Alpha = reader.Number("lora_alpha", 8),
            Dropout = reader.Number("lora_dropout", 0),
            UseRsLora = reader.Flag("use_rslora", false),
            Init = ReadInit(reader),
            RankPattern = reader.Numbers("rank_pattern"),
            AlphaPattern = reader.Numbers("alpha_pattern"),
            TargetModules = reader.Modules("target_modules"),
            ExcludeModules = reader.Modules("exclude_modules"),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
            LayersToTransform = reader.OneOrMany<int>("layers_to_transform", "a block number or a list of them"),
            LayerListNames = reader.OneOrMany<string>("layers_pattern", "a name or a list of names"),
        };
        config.Validate(reader.File);
        return config;
    }

    internal void Validate(string file)
    {
        if (R <= 0 || RankPattern.Any(pair => pair.Value < 1)) throw new AdapterException($"{file}: the rank r must be at least 1");
        if (!double.IsFinite(Alpha) || AlphaPattern.Any(pair => !double.IsFinite(pair.Value))) throw new AdapterException($"{file}: lora_alpha must be a finite number");
        if (Dropout is < 0 or >= 1) throw new AdapterException($"{file}: lora_dropout = {Dropout} is not in [0, 1)");
        if (TargetModules?.Pattern is not null && (LayersToTransform ?? (object?)LayerListNames) is not null)
            throw new AdapterException($"{file}: layers_to_transform and layers_pattern need target_modules as a list");
        if (LayerListNames is not null && LayersToTransform is null)
            throw new AdapterException($"{file}: layers_pattern needs layers_to_transform");
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in NotBuilt) fields[key] = off?.DeepClone();
        fields["megatron_core"] = "megatron.core";
        fields["qalora_group_size"] = 16;
        fields["r"] = R;
        fields["lora_alpha"] = ConfigWriter.Number(Alpha);
        fields["lora_dropout"] = ConfigWriter.Float(Dropout);
        fields["use_rslora"] = UseRsLora;
        fields["init_lora_weights"] = Init switch { LoraInit.Gaussian => "gaussian", LoraInit.Random => false, _ => true };
        fields["rank_pattern"] = ConfigWriter.Numbers(RankPattern);
        fields["alpha_pattern"] = ConfigWriter.Numbers(AlphaPattern);
        fields["target_modules"] = ConfigWriter.Modules(TargetModules);
        fields["exclude_modules"] = ConfigWriter.Modules(ExcludeModules);
        fields["fan_in_fan_out"] = FanInFanOut;
        fields["layers_to_transform"] = ConfigWriter.OneOrMany(LayersToTransform);
        fields["layers_pattern"] = ConfigWriter.OneOrMany(LayerListNames);
    }

    private static LoraInit ReadInit(ConfigReader reader) => reader.Ask("init_lora_weights") switch
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
        => Regex.IsMatch(path, $@"\A(?:.*\.)?(?:{pattern})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
}
