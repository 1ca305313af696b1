using AlpacaCot.Specs.Facts;

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
        Meaning = "The weights and biases of the norms",
        TargetsProjections = false,
        Faults = Check,
        // A norm's weight and its bias; without targets all but the embedding's.
        Size = (method, model) => model.Tensors.Where(t => t.OfNorm && !OwnWeightsOptions.Saves(method, t.Module) && AdapterSize.Selects(method, Targets, t.Module, otherwise: !t.Module.Contains("embed", StringComparison.Ordinal)) && !AdapterSize.Selects(method, Exclude, t.Module, otherwise: false)).Sum(t => t.Values),
    };

    private static IEnumerable<(string Option, string Message)> Check(MethodSpec method, ModelFacts? model)
    {
        string[] norms = [.. model?.Tensors.Where(t => t.OfNorm).Select(t => t.Module).Distinct(StringComparer.Ordinal) ?? []];
        if (norms.Length == 0) yield break;
        var (names, pattern) = Validation.Targets.Of(method);
        var known = ModulePattern.NamesOf(norms);
        foreach (var name in names?.Where(name => !norms.Any(path => Validation.Targets.Is(path, name))) ?? [])
            yield return (Targets.Name, $"{model!.Name} has no norm '{name}'; its norms are {known}");
        if (pattern is not null && !norms.Any(path => AdapterSize.Selects(method, Targets, path, otherwise: false)))
            yield return (Targets.Name, $"'{pattern}' matches no norm of {model!.Name}; its norms are {known}, and it must match a whole path, such as {norms[0]}");
    }
}
