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

    /// <summary>The weight's principal components, which are taken from the base (<see cref="PissaLayer"/>).</summary>
    Pissa,
}

/// <summary>LoRA's configuration (Hu et al., 2021, <c>arXiv:2106.09685</c>), with PEFT's names and defaults.</summary>
public sealed record LoraConfig : LayeredConfig
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

    /// <summary>Whether each row's magnitude is trained apart (<see cref="DoraLayer"/>).</summary>
    public bool UseDora { get; init; }

    /// <summary>LoRA+: the rate of B over that of A; null for one rate. It is a setting of the optimiser, and in no file.</summary>
    public double? LoraPlusRatio { get; init; }

    /// <summary>LoRA+: the rate of an embedding's A and B.</summary>
    public double LoraPlusEmbeddingRate { get; init; } = (double)LoraOptions.LoraPlusEmbedding.Default!;

    /// <summary>How A and B start.</summary>
    public LoraInit Init { get; init; }

    /// <summary>PiSSA's iterations where the components are estimated (<c>pissa_niter_16</c>); null for the exact decomposition.</summary>
    public int? PissaIterations { get; init; }

    /// <summary>Ranks by pattern of the module path; the first match wins.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> RankPattern { get; init; } = [];

    /// <summary>Alphas by pattern of the module path; the first match wins.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>Rank, alpha and scaling of one module.</summary>
    public (int R, double Alpha, double Scaling) At(string path)
    {
        var r = (int)(First(RankPattern, path) ?? R);
        var alpha = First(AlphaPattern, path) ?? Alpha;
        return (r, alpha, alpha / (UseRsLora ? Math.Sqrt(r) : r));
    }

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in LoraOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        reader.Keep("megatron_core", "megatron.core");
        reader.Keep("qalora_group_size", 16);
        var config = ReadTargets(new LoraConfig
        {
            R = reader.Integer(LoraOptions.R),
            Alpha = reader.Number(LoraOptions.Alpha),
            Dropout = reader.Number(LoraOptions.Dropout),
            UseRsLora = reader.Flag(LoraOptions.UseRsLora),
            UseDora = reader.Flag(LoraOptions.UseDora),
            LoraPlusRatio = reader.Ask(LoraOptions.LoraPlusRatio.Name) is null ? null : reader.Number(LoraOptions.LoraPlusRatio),
            LoraPlusEmbeddingRate = reader.Number(LoraOptions.LoraPlusEmbedding),
            Init = ReadInit(reader),
            PissaIterations = LoraOptions.PissaIterations(reader.Ask(LoraOptions.Init.Name)),
            RankPattern = reader.Numbers(LoraOptions.RankPattern),
            AlphaPattern = reader.Numbers(LoraOptions.AlphaPattern),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
        }, reader);
        config.Validate(reader.File);
        return config;
    }

    internal void Validate(string file)
    {
        if (!double.IsFinite(Alpha) || AlphaPattern.Any(pair => !double.IsFinite(pair.Value))) throw new AdapterException($"{file}: lora_alpha must be a finite number");
        if (UseDora && Init == LoraInit.Pissa) throw new AdapterNotSupportedException($"{file}: use_dora and init_lora_weights: pissa do not go together here");
        ValidateLayers(file);
    }

    // LoRA+ (Hayou et al., 2024, arXiv:2402.12354), in PEFT's groups: B and what has one dimension at a multiple of the rate, the embedding's at one of its own.
    internal override AdapterParameter Grouped(AdapterParameter parameter)
    {
        if (LoraPlusRatio is not { } ratio) return parameter;
        if (parameter.Key.Contains(".lora_embedding_", StringComparison.Ordinal)) return parameter with { OwnRate = LoraPlusEmbeddingRate };
        return parameter.Key.Contains("lora_B", StringComparison.Ordinal) || parameter.Value.dim() == 1 ? parameter with { RateFactor = ratio } : parameter;
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
        fields[LoraOptions.Init.Name] = Init switch { LoraInit.Gaussian => "gaussian", LoraInit.Random => false, LoraInit.Pissa => PissaIterations is { } count ? LoraOptions.PissaInit(count) : "pissa", _ => true };
        fields[LoraOptions.UseDora.Name] = UseDora;
        fields[LoraOptions.RankPattern.Name] = ConfigWriter.Numbers(RankPattern);
        fields[LoraOptions.AlphaPattern.Name] = ConfigWriter.Numbers(AlphaPattern);
        WriteTargets(fields);
        fields["fan_in_fan_out"] = FanInFanOut;
    }

    private static LoraInit ReadInit(ConfigReader reader) => reader.Ask(LoraOptions.Init.Name) switch
    {
        null => LoraInit.Default,
        JsonValue value when value.TryGetValue<bool>(out var on) => on ? LoraInit.Default : LoraInit.Random,
        JsonValue value when value.TryGetValue<string>(out var name) && name.Equals("gaussian", StringComparison.OrdinalIgnoreCase) => LoraInit.Gaussian,
        JsonValue value when value.TryGetValue<string>(out var name) && name == "pissa" => LoraInit.Pissa,
        var value when LoraOptions.PissaIterations(value) is not null => LoraInit.Pissa,
        var other => throw new AdapterNotSupportedException($"{reader.File}: init_lora_weights = {other.ToJsonString()} is not supported; known: true, false, gaussian, pissa, pissa_niter_ and a number"),
    };

    /// <summary>The value of the first pattern that means a module; null where none does.</summary>
    internal static double? First(IReadOnlyList<KeyValuePair<string, double>> patterns, string path)
    {
        foreach (var (key, value) in patterns)
            if (PatternMatches(key, path)) return value;
        return null;
    }

    /// <summary>Whether a key of <see cref="RankPattern"/> or <see cref="AlphaPattern"/> means a module.</summary>
    internal static bool PatternMatches(string pattern, string path)
        => ModuleSelection.IsMatch(ModulePattern.Ending(pattern), path);
}
