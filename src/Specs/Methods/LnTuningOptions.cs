namespace AlpacaCot.Specs.Methods;

/// <summary>Layer-norm tuning (Zhao et al. 2023, arXiv:2312.11420): only the norms' weights are trained.</summary>
public static class LnTuningOptions
{
    /// <summary>Norms that are trained.</summary>
    public static MethodOption Targets { get; } = new("target_modules", OptionKind.Modules, null, "Norms that are trained: names, or a regular expression of whole paths; all but the embedding's otherwise") { Aliases = ["targets"] };

    /// <summary>Norms that are not.</summary>
    public static MethodOption Exclude { get; } = new("exclude_modules", OptionKind.Modules, null, "Norms that are not trained, though they are targets") { Aliases = ["exclude"] };

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new("ln_tuning", "LN_TUNING", 1e-3, "between LoRA's and a vector method's: norm weights stay near what they are", [Targets, Exclude, OwnWeightsOptions.ModulesToSave])
    {
        TargetsProjections = false,
        // A norm's weight and its bias; without targets all but the embedding's.
        Size = (method, model) => model.Tensors.Where(t => t.OfNorm && !OwnWeightsOptions.Saves(method, t.Module) && AdapterSize.Selects(method, Targets, t.Module, otherwise: !t.Module.Contains("embed", StringComparison.Ordinal)) && !AdapterSize.Selects(method, Exclude, t.Module, otherwise: false)).Sum(t => t.Values),
    };
}
