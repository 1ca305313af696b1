using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.AdaLora;

/// <summary>AdaLoRA's configuration (Zhang et al., 2023, <c>arXiv:2303.10512</c>), with PEFT's names and defaults.</summary>
public sealed record AdaLoraConfig : LayeredConfig
{
    /// <inheritdoc/>
    public override string PeftType => AdaLoraOptions.Method.PeftType;

    /// <summary>Rank of each update at the start.</summary>
    public int InitR { get; init; } = (int)AdaLoraOptions.InitR.FileDefault!;

    /// <summary>Mean rank of the updates at the end.</summary>
    public int TargetR { get; init; } = (int)AdaLoraOptions.TargetR.FileDefault!;

    /// <summary>Numerator of the scaling.</summary>
    public double Alpha { get; init; } = (double)AdaLoraOptions.Alpha.FileDefault!;

    /// <summary>Share of the input's elements dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Steps at the first rank.</summary>
    public int TInit { get; init; }

    /// <summary>Steps at the final ranks.</summary>
    public int TFinal { get; init; }

    /// <summary>Steps between two allocations.</summary>
    public int DeltaT { get; init; } = 1;

    /// <summary>Smoothing of importance.</summary>
    public double Beta1 { get; init; } = (double)AdaLoraOptions.Beta1.FileDefault!;

    /// <summary>Smoothing of its uncertainty.</summary>
    public double Beta2 { get; init; } = (double)AdaLoraOptions.Beta2.FileDefault!;

    /// <summary>Weight of the orthogonality loss.</summary>
    public double OrthogonalWeight { get; init; } = (double)AdaLoraOptions.OrthogonalWeight.FileDefault!;

    /// <summary>Optimiser steps of the whole training.</summary>
    public int? TotalStep { get; init; }

    /// <summary>Which of its first ranks each module has kept, by module path; null before the first allocation.</summary>
    public IReadOnlyDictionary<string, bool[]>? KeptRanks { get; init; }

    /// <summary>α / (r + 10⁻⁵) with the first rank, also after pruning, as PEFT has it.</summary>
    internal double Scaling => Alpha / (InitR + 1e-5);

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in AdaLoraOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        reader.Keep("megatron_core", "megatron.core");
        reader.Keep("qalora_group_size", 16);
        reader.Keep("r", 8);   // LoRA's rank means nothing here
        reader.Keep("init_lora_weights", true);
        var config = ReadTargets(new AdaLoraConfig
        {
            InitR = reader.Integer(AdaLoraOptions.InitR),
            TargetR = reader.Integer(AdaLoraOptions.TargetR),
            Alpha = reader.Number(AdaLoraOptions.Alpha),
            Dropout = reader.Number(AdaLoraOptions.Dropout),
            TInit = reader.Integer(AdaLoraOptions.TInit),
            TFinal = reader.Integer(AdaLoraOptions.TFinal),
            DeltaT = reader.Integer(AdaLoraOptions.DeltaT),
            Beta1 = reader.Number(AdaLoraOptions.Beta1),
            Beta2 = reader.Number(AdaLoraOptions.Beta2),
            OrthogonalWeight = reader.Number(AdaLoraOptions.OrthogonalWeight),
            TotalStep = reader.Integer(AdaLoraOptions.TotalStep.Name),
            KeptRanks = ReadPattern(reader),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
        }, reader);
        config.Validate(reader.File);
        return config;
    }

    internal void Validate(string file)
    {
        if (AdaLoraOptions.ScheduleFault(TotalStep, TInit, TFinal) is { } fault) throw new AdapterException($"{file}: {fault.Message}");
        ValidateLayers(file);
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in AdaLoraOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        fields["megatron_core"] = "megatron.core";
        fields["qalora_group_size"] = 16;
        fields["r"] = 8;
        fields["init_lora_weights"] = true;
        fields["fan_in_fan_out"] = FanInFanOut;
        fields[AdaLoraOptions.InitR.Name] = InitR;
        fields[AdaLoraOptions.TargetR.Name] = TargetR;
        fields[AdaLoraOptions.Alpha.Name] = ConfigWriter.Number(Alpha);
        fields[AdaLoraOptions.Dropout.Name] = ConfigWriter.Float(Dropout);
        fields[AdaLoraOptions.TInit.Name] = TInit;
        fields[AdaLoraOptions.TFinal.Name] = TFinal;
        fields[AdaLoraOptions.DeltaT.Name] = DeltaT;
        fields[AdaLoraOptions.Beta1.Name] = ConfigWriter.Float(Beta1);
        fields[AdaLoraOptions.Beta2.Name] = ConfigWriter.Float(Beta2);
        fields[AdaLoraOptions.OrthogonalWeight.Name] = ConfigWriter.Float(OrthogonalWeight);
        fields[AdaLoraOptions.TotalStep.Name] = TotalStep;
        WriteTargets(fields);
        fields["rank_pattern"] = KeptRanks is null ? null
            : new JsonObject(KeptRanks.Select(pair => KeyValuePair.Create(pair.Key + Suffix, (JsonNode?)new JsonArray([.. pair.Value.Select(kept => (JsonNode)kept)]))));
    }

    private const string Suffix = ".lora_E";

    private static Dictionary<string, bool[]>? ReadPattern(ConfigReader reader)
    {
        if (reader.Ask("rank_pattern") is not { } node) return null;
        if (node is not JsonObject pattern || pattern.Any(pair => pair.Value is not JsonArray list || list.Any(item => item is not JsonValue value || !value.TryGetValue<bool>(out _))))
            throw reader.Wrong("rank_pattern", "lists of true and false by module");
        return pattern.Count == 0 ? null : pattern.ToDictionary(
            pair => pair.Key.EndsWith(Suffix, StringComparison.Ordinal) ? pair.Key[..^Suffix.Length] : pair.Key,
            pair => ((JsonArray)pair.Value!).Select(item => item!.GetValue<bool>()).ToArray(), StringComparer.Ordinal);
    }
}
