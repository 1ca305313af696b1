using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Vera;

/// <summary>VeRA's configuration (Kopiczko et al., 2024, <c>arXiv:2310.11454</c>), with PEFT's names and defaults.</summary>
public sealed record VeraConfig : LayeredConfig
{
    /// <inheritdoc/>
    public override string PeftType => VeraOptions.Method.PeftType;

    /// <summary>Rank of the shared matrices.</summary>
    public int R { get; init; } = (int)VeraOptions.R.FileDefault!;

    /// <summary>Share of the input's elements dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>What λ_d starts at.</summary>
    public double DInitial { get; init; } = (double)VeraOptions.DInitial.FileDefault!;

    /// <summary>Seed of the shared matrices.</summary>
    public int Key { get; init; }

    /// <summary>Whether a folder holds the shared matrices; they are drawn by <see cref="Key"/> otherwise.</summary>
    public bool SaveProjection { get; init; } = true;

    /// <summary>Whether λ_b starts at zero; from N(0, 1) otherwise.</summary>
    public bool InitWeights { get; init; } = true;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in VeraOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        return ReadTargets(new VeraConfig
        {
            R = reader.Integer(VeraOptions.R),
            Dropout = reader.Number(VeraOptions.Dropout),
            DInitial = reader.Number(VeraOptions.DInitial),
            Key = reader.Integer(VeraOptions.Key),
            SaveProjection = reader.Flag(VeraOptions.SaveProjection),
            InitWeights = reader.Flag(VeraOptions.Init),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
        }, reader);
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in VeraOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        WriteTargets(fields);
        fields.Remove(LoraOptions.Exclude.Name);   // PEFT's VeRA has no such field
        if (ExcludeModules is not null) fields[LoraOptions.Exclude.Name] = ConfigWriter.Modules(ExcludeModules);
        fields[VeraOptions.R.Name] = R;
        fields[VeraOptions.Dropout.Name] = ConfigWriter.Float(Dropout);
        fields[VeraOptions.DInitial.Name] = ConfigWriter.Float(DInitial);
        fields[VeraOptions.Key.Name] = Key;
        fields[VeraOptions.SaveProjection.Name] = SaveProjection;
        fields[VeraOptions.Init.Name] = InitWeights;
        fields["fan_in_fan_out"] = FanInFanOut;
    }
}
