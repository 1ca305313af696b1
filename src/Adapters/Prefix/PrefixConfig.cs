using System.Text.Json.Nodes;
using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Prefix;

/// <summary>The configuration of prefix tuning (Li and Liang, 2021, <c>arXiv:2101.00190</c>), with PEFT's names and defaults.</summary>
public sealed record PrefixConfig : PromptLearningConfig
{
    /// <inheritdoc/>
    public override string PeftType => PrefixOptions.Method.PeftType;

    /// <summary>Whether a small network makes the keys and values in training.</summary>
    public bool Projection { get; init; }

    /// <summary>Width of that network; that of a virtual token where null.</summary>
    public int? EncoderHidden { get; init; }

    /// <summary>Whether keys and values start at zero; from N(0, 1) otherwise.</summary>
    public bool InitZero { get; init; }

    internal static AdapterConfig Read(ConfigReader reader)
    {
        var init = reader.Text(PrefixOptions.Init.Name);
        if (init is not (null or "normal" or "zero")) throw reader.Wrong(PrefixOptions.Init.Name, "null or \"zero\"");
        var config = new PrefixConfig
        {
            Projection = reader.Flag(PrefixOptions.Projection),
            EncoderHidden = reader.Integer(PrefixOptions.EncoderHidden.Name),
            InitZero = init == "zero",
        };
        return Shared(config, reader, PrefixOptions.Method, PrefixOptions.VirtualTokens);
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        WriteShared(fields, PrefixOptions.Method);
        fields[PrefixOptions.Projection.Name] = Projection;
        fields[PrefixOptions.EncoderHidden.Name] = EncoderHidden;
        fields[PrefixOptions.Init.Name] = InitZero ? "zero" : null;
    }
}
