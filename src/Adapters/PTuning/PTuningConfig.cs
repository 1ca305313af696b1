using System.Text.Json.Nodes;
using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.PTuning;

/// <summary>The configuration of P-tuning (Liu et al., 2021, <c>arXiv:2103.10385</c>), with PEFT's names and defaults.</summary>
public sealed record PTuningConfig : PromptLearningConfig
{
    /// <inheritdoc/>
    public override string PeftType => PTuningOptions.Method.PeftType;

    /// <summary>Whether the encoder is a bidirectional LSTM; otherwise an MLP.</summary>
    public bool Lstm { get; init; }

    /// <summary>Width of the encoder; that of a virtual token where null.</summary>
    public int? EncoderHidden { get; init; }

    /// <summary>Layers of the LSTM; the MLP has three.</summary>
    public int EncoderLayers { get; init; } = 2;

    /// <summary>Dropout between the layers of the LSTM, with which it was trained.</summary>
    public double EncoderDropout { get; init; }

    internal static AdapterConfig Read(ConfigReader reader)
    {
        var kind = reader.Text(PTuningOptions.Encoder.Name) ?? "MLP";
        if (kind is not ("MLP" or "LSTM")) throw reader.Wrong(PTuningOptions.Encoder.Name, "MLP or LSTM");
        var config = new PTuningConfig
        {
            Lstm = kind == "LSTM",
            EncoderHidden = reader.Integer(PTuningOptions.EncoderHidden.Name),
            EncoderLayers = reader.Integer(PTuningOptions.EncoderLayers),
            EncoderDropout = reader.Number(PTuningOptions.EncoderDropout),
        };
        return Shared(config, reader, PTuningOptions.Method, PTuningOptions.VirtualTokens, PTuningOptions.EncoderDropout);
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        WriteShared(fields, PTuningOptions.Method);
        fields[PTuningOptions.Encoder.Name] = Lstm ? "LSTM" : "MLP";
        fields[PTuningOptions.EncoderHidden.Name] = EncoderHidden;
        fields[PTuningOptions.EncoderLayers.Name] = EncoderLayers;
        fields[PTuningOptions.EncoderDropout.Name] = ConfigWriter.Float(EncoderDropout);
    }
}
