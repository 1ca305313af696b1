using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Bottleneck;

/// <summary>The configuration of bottleneck adapters, with the names and defaults of LLM-Adapters (Hu et al., 2023, <c>arXiv:2304.01933</c>).</summary>
public sealed record BottleneckConfig : TargetedConfig
{
    /// <inheritdoc/>
    public override string PeftType => BottleneckOptions.PeftType;

    /// <summary>Width of the bottleneck.</summary>
    public int Size { get; init; } = (int)BottleneckOptions.Size.Default!;

    /// <summary>The function inside: tanh, relu, gelu (exact) or silu.</summary>
    public string Activation { get; init; } = "tanh";

    /// <summary>Share of the input's elements dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Factor of what the adapter adds; null where it is trained.</summary>
    public double? Scaling { get; init; } = 1;

    /// <summary>Whether it stands beside its targets.</summary>
    public bool Parallel { get; init; }

    /// <summary>Whether it stands behind the MLP alone, which decides its default targets.</summary>
    public bool AdapterP { get; init; }

    /// <summary>Whether both matrices start from N(0, 0.02); otherwise down is Kaiming uniform and up zero.</summary>
    public bool InitBert { get; init; } = true;

    // LLM-Adapters' own copy of PEFT is from before these fields.
    internal override IReadOnlyList<string> Unwritten => ["auto_mapping", "revision", "peft_version"];

    internal override bool WritesTorchFile => true;

    internal static AdapterConfig Read(ConfigReader reader)
    {
        foreach (var (key, off, feature) in AdapterHOptions.Method.NotBuilt) reader.Refuse(key, off, feature);
        var activation = reader.Text(BottleneckOptions.Activation.Name) ?? "tanh";
        if (!BottleneckOptions.Activation.Choices.Contains(activation)) throw reader.Wrong(BottleneckOptions.Activation.Name, string.Join(", ", BottleneckOptions.Activation.Choices));
        var init = reader.Text(BottleneckOptions.Init.Name) ?? "bert";
        if (!BottleneckOptions.Init.Choices.Contains(init)) throw reader.Wrong(BottleneckOptions.Init.Name, string.Join(", ", BottleneckOptions.Init.Choices));
        return new BottleneckConfig
        {
            Size = reader.Integer(BottleneckOptions.Size),
            Activation = activation,
            Dropout = reader.Number(BottleneckOptions.Dropout),
            Scaling = ReadScaling(reader),
            Parallel = reader.Flag(BottleneckOptions.Parallel, false),
            AdapterP = reader.Flag(BottleneckOptions.AdapterP, false),
            InitBert = init == "bert",
            TargetModules = reader.Modules(BottleneckOptions.Targets.Name),
        };
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        foreach (var (key, off, _) in AdapterHOptions.Method.NotBuilt) fields[key] = off?.DeepClone();
        fields[BottleneckOptions.Size.Name] = Size;
        fields[BottleneckOptions.Activation.Name] = Activation;
        fields[BottleneckOptions.Dropout.Name] = ConfigWriter.Float(Dropout);
        fields[BottleneckOptions.Scaling.Name] = Scaling is { } factor ? ConfigWriter.Float(factor) : BottleneckOptions.Learned;
        fields[BottleneckOptions.Parallel] = Parallel;
        fields[BottleneckOptions.AdapterP] = AdapterP;
        fields[BottleneckOptions.Targets.Name] = ConfigWriter.Modules(TargetModules);
        fields[BottleneckOptions.Init.Name] = InitBert ? "bert" : "mam_adapter";
    }

    private static double? ReadScaling(ConfigReader reader)
    {
        if (reader.Ask(BottleneckOptions.Scaling.Name) is not { } node) return 1;
        var text = node is JsonValue ? node.ToString() : "";
        if (text == BottleneckOptions.Learned) return null;
        return double.TryParse(text, CultureInfo.InvariantCulture, out var factor) && double.IsFinite(factor) ? factor : throw reader.Wrong(BottleneckOptions.Scaling.Name, "a number or \"learned\"");
    }
}
