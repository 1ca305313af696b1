using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Oft;

/// <summary>OFT's configuration (Qiu et al., 2023, <c>arXiv:2306.07280</c>), with PEFT's names and defaults.</summary>
public sealed record OftConfig : LayeredConfig
{
    /// <inheritdoc/>
    public override string PeftType => OftOptions.Method.PeftType;

    /// <summary>Blocks of each input; 0 where <see cref="BlockSize"/> is given.</summary>
    public int R { get; init; }

    /// <summary>Inputs of each block; 0 where <see cref="R"/> is given.</summary>
    public int BlockSize { get; init; } = (int)OftOptions.BlockSize.FileDefault!;

    /// <summary>Whether a series takes the inverse's place.</summary>
    public bool UseSeries { get; init; } = true;

    /// <summary>Terms of the series.</summary>
    public int Terms { get; init; } = (int)OftOptions.Terms.FileDefault!;

    /// <summary>Whether the rotation starts as none.</summary>
    public bool InitWeights { get; init; } = true;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in OftOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        reader.Keep("eps", 6e-5);
        var config = ReadTargets(new OftConfig
        {
            R = reader.Integer(OftOptions.R),
            BlockSize = reader.Ask(OftOptions.BlockSize.Name) is null ? OftOptions.SizeBeside(reader.Integer(OftOptions.R)) : reader.Integer(OftOptions.BlockSize),
            UseSeries = reader.Flag(OftOptions.UseSeries),
            Terms = reader.Integer(OftOptions.Terms),
            InitWeights = reader.Flag(OftOptions.Init),
            FanInFanOut = reader.Flag("fan_in_fan_out", false),
        }, reader);
        if (config.R > 0 == config.BlockSize > 0) throw new AdapterException($"{reader.File}: one of r ({config.R}) and oft_block_size ({config.BlockSize}) must be above 0, the other 0");
        return config;
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in OftOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        fields["eps"] = 6e-5;
        WriteTargets(fields);
        fields[OftOptions.R.Name] = R;
        fields[OftOptions.BlockSize.Name] = BlockSize;
        fields[OftOptions.UseSeries.Name] = UseSeries;
        fields[OftOptions.Terms.Name] = Terms;
        fields[OftOptions.Init.Name] = InitWeights;
        fields["fan_in_fan_out"] = FanInFanOut;
    }
}
