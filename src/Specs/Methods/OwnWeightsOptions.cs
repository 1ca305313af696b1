using System.Text.Json;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>What PEFT's methods can train of the base beside their adapter, as the member's own: whole modules and biases.</summary>
public static class OwnWeightsOptions
{
    /// <summary>PEFT's name of the option for biases.</summary>
    public const string Bias = "bias";

    /// <summary>Modules that are trained whole.</summary>
    public static MethodOption ModulesToSave { get; } = new("modules_to_save", OptionKind.Texts, null, "Modules of the base that are trained whole beside the adapter, by the ends of their paths: the head (lm_head), the embedding (embed_tokens), norms, projections, a whole mlp");

    /// <summary>Biases that are trained.</summary>
    /// <param name="ofTargets">The method's word for those of its targets.</param>
    internal static MethodOption Biases(string ofTargets)
        => new(Bias, OptionKind.Choice, "none", $"Biases of the base that are trained: none, {ofTargets} (those of the targets), or all") { Choices = ["none", ofTargets, "all"] };

    /// <summary>Whether a module is trained whole.</summary>
    internal static bool Saves(MethodSpec method, string path) => Selects(Names(method), path);

    /// <summary>How many numbers of the base a method trains beside its adapter.</summary>
    internal static long Size(MethodSpec method, ModelFacts model)
    {
        if (MethodCatalogue.Find(method.Method)?.Option(ModulesToSave.Name) is null) return 0;
        var biases = MethodCatalogue.Find(method.Method)!.Option(Bias) is { } option ? option.Choices.ToList().IndexOf(AdapterSize.Word(method, option)) : 0;
        var targets = biases == 1 ? AdapterSize.Chosen(method, model).Select(target => target.Path).ToHashSet(StringComparer.Ordinal) : [];
        var tables = AdapterSize.Tables(model).ToList();
        return model.Projections.Sum(p => Saves(method, p.Path) ? (long)p.In * p.Out + (p.Bias ? p.Out : 0) : p.Bias && (biases == 2 || targets.Contains(p.Path)) ? p.Out : 0)
            + tables.Sum(t => Saves(method, t.Path) ? t.Rows * t.Width + t.Bias : biases == 2 ? t.Bias : 0)
            + model.Tensors.Where(t => t.OfNorm && (Saves(method, t.Module) || (biases == 2 && t.Name.EndsWith(".bias", StringComparison.Ordinal)))).Sum(t => t.Values);
    }

    /// <summary>Names that mean no module of a base, the option and one line each.</summary>
    internal static IEnumerable<(string Option, string Message)> Faults(MethodSpec method, ModelFacts model)
    {
        if (model.Tensors.Count == 0 || model.Projections.Count == 0) yield break;
        string[] paths = [.. model.Projections.Select(p => p.Path), .. model.Tensors.Select(t => t.Module), .. model.Tables];
        foreach (var name in Names(method).Where(name => !paths.Any(path => Selects([name], path))))
            yield return (ModulesToSave.Name, $"{model.Name} has no module '{name}'; it has {ModulePattern.NamesOf(paths)}");
    }

    /// <summary>PEFT's test of <c>modules_to_save</c>: a module whose path ends so is trained whole, with all that is inside it.</summary>
    public static bool Selects(IEnumerable<string> names, string path) => names.Any(name =>
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
            if (path.AsSpan(0, end).EndsWith(name, StringComparison.Ordinal)) return true;
        return false;
    });

    private static IReadOnlyList<string> Names(MethodSpec method) => !method.Options.TryGetValue(ModulesToSave.Name, out var given) ? []
        : given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray().Select(name => name.GetString()!)] : given.ValueKind == JsonValueKind.String ? [given.GetString()!] : [];
}
