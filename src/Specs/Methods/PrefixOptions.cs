using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>Prefix tuning (Li and Liang 2021, arXiv:2101.00190): learnt keys and values in front of every sequence in every block.</summary>
public static class PrefixOptions
{
    /// <summary>Number of virtual tokens.</summary>
    public static MethodOption VirtualTokens { get; } = VirtualTokenOptions.Number("Learnt keys and values in front of every sequence");

    /// <summary>Whether a small network makes them.</summary>
    public static MethodOption Projection { get; } = new("prefix_projection", OptionKind.Flag, false, "Whether a small network makes keys and values in training: steadier, with many more parameters") { Aliases = ["projection"] };

    /// <summary>Width of that network.</summary>
    public static MethodOption EncoderHidden { get; } = VirtualTokenOptions.EncoderHidden("Width of the projection's network");

    /// <summary>How keys and values start.</summary>
    public static MethodOption Init { get; } = new("init_weights", OptionKind.Choice, null, "How keys and values start: normal is N(0, 1), zero is zero") { Choices = ["normal", "zero"] };

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "prefix", "PREFIX_TUNING", 5e-3, "keys and values of N(0, 1) have far to go; the rate of LoRA leaves them almost where they start",
        [VirtualTokens, Projection, EncoderHidden, Init, OwnWeightsOptions.ModulesToSave])
    {
        Size = Count,
        Faults = (method, model) => VirtualTokenOptions.Faults(method, model, VirtualTokens),
        NotBuilt = VirtualTokenOptions.NotBuilt,
    };

    // The width of a block's keys is that of its key projection; where only a fused one is known, the hidden width stands for it.
    private static long Count(MethodSpec method, ModelFacts model)
    {
        long tokens = AdapterSize.Integer(method, VirtualTokens), hidden = AdapterSize.Integer(method, EncoderHidden), keys = VirtualTokenOptions.KeyWidth(model);
        var columns = 2L * model.Layers * keys;
        return AdapterSize.Flag(method, Projection) ? tokens * keys + hidden * (keys + 1) + columns * (hidden + 1) : tokens * columns;
    }
}
