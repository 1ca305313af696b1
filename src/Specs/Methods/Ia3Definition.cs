namespace AlpacaCot.Specs.Methods;

/// <summary>(IA)³ (Liu et al. 2022, arXiv:2205.05638): learnt vectors rescale keys, values and the feed-forward's input.</summary>
internal static class Ia3Definition
{
    public static MethodDefinition Method { get; } = new(
        "ia3", "IA3", 3e-3, "the rate of the (IA)³ paper; a rate for LoRA leaves so few parameters almost where they start",
        [
            new("target_modules", OptionKind.Modules, null, "Projections that are rescaled: names, or all-linear; by default the family's.") { Aliases = ["targets"] },
            new("feedforward_modules", OptionKind.Modules, null, "Those of the targets whose input is rescaled and not their output; by default the family's.") { Aliases = ["feedforward"] },
            new("exclude_modules", OptionKind.Modules, null, "Projections that are not rescaled, though they are targets.") { Aliases = ["exclude"] },
        ])
    {
        NotBuilt = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["modules_to_save"] = "leave it out" },
    };
}
