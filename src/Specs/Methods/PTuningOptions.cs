using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>P-tuning (Liu et al. 2021, arXiv:2103.10385): rows in front of the embedded tokens that a small encoder makes.</summary>
public static class PTuningOptions
{
    /// <summary>Number of virtual tokens.</summary>
    public static MethodOption VirtualTokens { get; } = VirtualTokenOptions.Number("Rows in front of the embedded tokens");

    /// <summary>The encoder.</summary>
    public static MethodOption Encoder { get; } = new("encoder_reparameterization_type", OptionKind.Choice, "MLP", "What makes the rows: MLP, or LSTM (bidirectional)") { Aliases = ["encoder"], Choices = ["MLP", "LSTM"] };

    /// <summary>Width of the encoder.</summary>
    public static MethodOption EncoderHidden { get; } = VirtualTokenOptions.EncoderHidden("Width of the encoder");

    /// <summary>Layers of the LSTM.</summary>
    public static MethodOption EncoderLayers { get; } = new("encoder_num_layers", OptionKind.Integer, 2, "Layers of the LSTM; the MLP has three") { Aliases = ["encoder_layers"], Min = 1, Max = 64 };

    /// <summary>Dropout in training, which a finished adapter may have had.</summary>
    public static UnbuiltOption EncoderDropout { get; } = new("encoder_dropout", 0.0, "dropout between the layers of an LSTM encoder");

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "p_tuning", "P_TUNING", 1e-3, "the encoder takes an ordinary rate: that of PEFT's P-tuning example",
        [VirtualTokens, Encoder, EncoderHidden, EncoderLayers, OwnWeightsOptions.ModulesToSave])
    {
        Meaning = "Rows in front of the embedded tokens that a small encoder makes (Liu et al. 2021)",
        Size = Count,
        VirtualRows = method => AdapterSize.Integer(method, VirtualTokens),
        Faults = (method, model) => VirtualTokenOptions.Faults(method, model, VirtualTokens),
        NotBuilt = [.. VirtualTokenOptions.NotBuilt, EncoderDropout],
    };

    private static long Count(MethodSpec method, ModelFacts model)
    {
        long tokens = AdapterSize.Integer(method, VirtualTokens), h = AdapterSize.Integer(method, EncoderHidden), d = VirtualTokenOptions.HiddenWidth(model);
        if (AdapterSize.Word(method, Encoder) != "LSTM") return tokens * d + h * (d + 1) + h * (h + 1) + d * (h + 1);
        var layers = Enumerable.Range(0, AdapterSize.Integer(method, EncoderLayers)).Sum(layer => 2 * 4 * h * ((layer == 0 ? d : 2 * h) + h + 2));
        return tokens * d + layers + 2 * h * (2 * h + 1) + d * (2 * h + 1);
    }
}
