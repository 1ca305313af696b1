namespace AlpacaCot.Specs.Methods;

/// <summary>(IA)³ (Liu et al. 2022, arXiv:2205.05638): learnt vectors rescale keys, values and the feed-forward's input.</summary>
public static class Ia3Options
{
    /// <summary>Projections that are rescaled.</summary>
    public static MethodOption Targets { get; } = new("target_modules", OptionKind.Modules, null, "Projections that are rescaled: names, all-linear, or a regular expression of whole paths") { Aliases = ["targets"] };

    /// <summary>Targets whose input is rescaled.</summary>
    public static MethodOption Feedforward { get; } = new("feedforward_modules", OptionKind.Modules, null, "Those of the targets whose input is rescaled and not their output") { Aliases = ["feedforward"] };

    /// <summary>Projections that are not rescaled.</summary>
    public static MethodOption Exclude { get; } = new("exclude_modules", OptionKind.Modules, null, "Projections that are not rescaled, though they are targets") { Aliases = ["exclude"] };

    /// <summary>How the vectors start.</summary>
    public static MethodOption Init { get; } = new("init_ia3_weights", OptionKind.Flag, true, "Whether the vectors start at one, which changes nothing; from N(0, 1) otherwise") { Aliases = ["init"] };

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "ia3", "IA3", 3e-3, "the rate of the (IA)³ paper; a rate for LoRA leaves so few parameters almost where they start",
        [Targets, Feedforward, Exclude, Init, OwnWeightsOptions.ModulesToSave])
    {
        // One factor for each output, or input of a feed-forward.
        Size = (method, model) => AdapterSize.Chosen(method, model).Sum(target => (long)(AdapterSize.Names(method, model, Feedforward, target) ? target.In : target.Out)),
    };
}
