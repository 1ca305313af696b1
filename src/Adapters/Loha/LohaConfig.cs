using System.Text.Json.Nodes;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Loha;

/// <summary>LoHa's configuration (Hyeon-Woo et al., 2022, <c>arXiv:2108.06098</c>), with PEFT's names and defaults.</summary>
public sealed record LohaConfig : LayeredConfig
{
    /// <inheritdoc/>
    public override string PeftType => LohaOptions.Method.PeftType;

    /// <summary>Rank of each factor.</summary>
    public int R { get; init; } = (int)LohaOptions.R.FileDefault!;

    /// <summary>Numerator of the scaling.</summary>
    public double Alpha { get; init; } = (double)LohaOptions.Alpha.FileDefault!;

    /// <summary>Whether w2_a starts at zero; drawn otherwise.</summary>
    public bool InitWeights { get; init; } = true;

    /// <summary>Ranks by pattern of the module path.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> RankPattern { get; init; } = [];

    /// <summary>Alphas by pattern of the module path.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>Rank and scaling of one module.</summary>
    public (int R, double Scaling) At(string path)
    {
        var r = (int)(LoraConfig.First(RankPattern, path) ?? R);
        return (r, (LoraConfig.First(AlphaPattern, path) ?? Alpha) / r);
    }

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in LohaOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        return ReadTargets(new LohaConfig
        {
            R = reader.Integer(LohaOptions.R),
            Alpha = reader.Number(LohaOptions.Alpha),
            InitWeights = reader.Flag(LohaOptions.Init),
            RankPattern = reader.Numbers(LohaOptions.RankPattern),
            AlphaPattern = reader.Numbers(LohaOptions.AlphaPattern),
        }, reader);
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in LohaOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        WriteTargets(fields);
        fields[LohaOptions.R.Name] = R;
        fields[LohaOptions.Alpha.Name] = ConfigWriter.Number(Alpha);
        fields[LohaOptions.Init.Name] = InitWeights;
        fields[LohaOptions.RankPattern.Name] = ConfigWriter.Numbers(RankPattern);
        fields[LohaOptions.AlphaPattern.Name] = ConfigWriter.Numbers(AlphaPattern);
    }
}
