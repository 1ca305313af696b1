using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Optimisers;

namespace AlpacaCot.Specs.Validation;

/// <summary>An adapter method as it meets the bases of a grid.</summary>
internal static class Targets
{
    /// <summary>The option that names them.</summary>
    public const string Option = "target_modules";

    /// <summary>Each base that the method meets, with its projections.</summary>
    public static IEnumerable<(ModelSpec Model, ModelFacts Facts)> Bases(SweepSpec spec, SpecFacts facts, MethodSpec method)
        => from known in KnownFacts.Models(spec, facts)
           where known.Facts.Projections.Count > 0
           where Meet(spec, method, known.Model)
           select (known.Model, known.Facts);

    /// <summary>Whether a trial has both.</summary>
    public static bool Meet(SweepSpec spec, MethodSpec method, ModelSpec model) => GridCells.Of(spec).Any(cell => cell.Method.Name == method.Name && cell.Model.Name == model.Name);

    /// <summary>The names, or the one text that is <c>all-linear</c> or an expression; neither where the family decides.</summary>
    public static (IReadOnlyList<string>? Names, string? Pattern) Of(MethodSpec method)
        => !method.Options.TryGetValue(Option, out var targets) ? (null, null)
            : targets.ValueKind == JsonValueKind.Array ? ([.. targets.EnumerateArray().Select(t => t.GetString()!)], null)
            : (null, targets.GetString());

    /// <summary>The projections of a base that the method targets.</summary>
    public static IEnumerable<ProjectionFacts> Chosen(MethodSpec method, ModelFacts facts)
    {
        var (names, pattern) = Of(method);
        var projections = facts.Projections.Where(p => !OwnWeightsOptions.Saves(method, p.Path));
        if (pattern is not null)
        {
            if (ModulePattern.IsAllLinear(pattern)) return projections;
            var whole = ModulePattern.Whole(pattern);
            return projections.Where(p => Matches(whole, p.Path));
        }
        names ??= facts.DefaultTargets.GetValueOrDefault(method.Method)?.GetValueOrDefault(Option) ?? [];
        return projections.Where(p => names.Any(name => Is(p.Path, name)));
    }

    // One that ends on a typical path and not on this one matches nothing; loading the adapter would say why.
    internal static bool Matches(Regex pattern, string path)
    {
        try
        {
            return ModulePattern.IsMatch(pattern, path);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Whether a name, or the end of a path after a dot, is a projection; a fact may hold its name alone.</summary>
    public static bool Is(string path, string name) => path == name || path.EndsWith("." + name, StringComparison.Ordinal) || name.EndsWith("." + path, StringComparison.Ordinal);
}

/// <summary>Every target of an adapter is a projection of every base that it meets.</summary>
internal sealed class TargetRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (method, i) in spec.Peft.Select((method, i) => (method, i)))
        {
            if (MethodCatalogue.Find(method.Method) is { TargetsProjections: false }) continue;
            var (names, pattern) = Targets.Of(method);
            var path = remarks.OptionPath(method, i, "targets");
            foreach (var (model, fact) in Targets.Bases(spec, facts, method))
            {
                var known = fact.Projections.Select(p => p.Path.Split('.')[^1]).Distinct(StringComparer.Ordinal).ToList();
                foreach (var name in names?.Where(name => !fact.Projections.Any(p => Targets.Is(p.Path, name)) && !(TakesTables(method) && fact.Tables.Any(table => Targets.Is(table, name)))) ?? [])
                    remarks.Error(path, $"{model.Name} has no projection '{name}'", Suggestions.For(name, known));
                if (pattern is not null && !Targets.Chosen(method, fact).Any())
                    remarks.Error(path, $"'{pattern}' matches no projection of {model.Name}", $"it must match a whole path, such as {fact.Projections[0].Path}");
                if (names is null && pattern is null && MethodCatalogue.Find(method.Method)?.Option(Targets.Option) is not null && fact.DefaultTargets.Count > 0 && !fact.DefaultTargets.ContainsKey(method.Method))
                    remarks.Error($"peft[{i}]", $"{method.Method} has no default targets for {model.Name}", "give targets: " + string.Join(", ", known));
            }
        }
    }

    // LoRA acts on the embedding and the head too.
    private static bool TakesTables(MethodSpec method) => MethodCatalogue.Find(method.Method)?.Option(LoraOptions.LoraPlusEmbedding.Name) is not null;
}

/// <summary>An update of a rank beyond the projection's width says nothing that the full width would not.</summary>
internal sealed class RankRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (method, i) in spec.Peft.Select((method, i) => (method, i)))
        {
            if (MethodCatalogue.Find(method.Method)?.Option(LoraOptions.R.Name) is not { } option) continue;
            var rank = method.Options.TryGetValue(option.Name, out var given) ? given.GetInt32() : (int)option.Default!;
            foreach (var (model, fact) in Targets.Bases(spec, facts, method))
                if (Targets.Chosen(method, fact).Where(p => p.In > 0 && p.Out > 0).OrderBy(p => Math.Min(p.In, p.Out)).FirstOrDefault() is { } narrow && rank > Math.Min(narrow.In, narrow.Out))
                    remarks.Advice(
                        remarks.OptionPath(method, i, LoraOptions.R.Name), string.Create(CultureInfo.InvariantCulture, $"rank {rank} is above the width of {model.Name}'s {narrow.Path.Split('.')[^1]} ({narrow.In} to {narrow.Out}): more parameters than the matrix itself"),
                        string.Create(CultureInfo.InvariantCulture, $"write r: {Math.Min(narrow.In, narrow.Out)} or less"));
        }
    }
}

/// <summary>AdaLoRA's budget falls over a number of steps that it is given, which need not be those of the training.</summary>
internal sealed class BudgetRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (method, i) in spec.Peft.Select((method, i) => (method, i)))
        {
            if (MethodCatalogue.Find(method.Method)?.Option(AdaLoraOptions.TotalStep.Name) is null || !method.Options.TryGetValue(AdaLoraOptions.TotalStep.Name, out var given)) continue;
            var steps = spec.Training.MaxSteps is { } most ? [most]
                : facts.Mixes.Where(mix => mix.Examples > 0).Select(mix => spec.Training.TotalSteps((int)Math.Min(mix.Examples, int.MaxValue))).Distinct().Order().ToList();
            foreach (var remark in steps.Select(count => AdaLoraOptions.StepsRemark(given.GetInt32(), count)).OfType<string>().Take(1))
                remarks.Advice(remarks.OptionPath(method, i, AdaLoraOptions.TotalStep.Name), remark, steps.Count == 1 ? string.Create(CultureInfo.InvariantCulture, $"write total_step: {steps[0]}") : "data mixes of other sizes need other values: give each a value of peft, with when");
        }
    }
}

/// <summary>A shared learning rate far from what a method needs makes its trials look bad for no fault of the method; with a rate of 0 nothing is learnt.</summary>
internal sealed class LearningRateRule : ISpecRule
{
    private const double FarOff = 5;

    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (method, i) in spec.Peft.Select((method, i) => (method, i)))
        {
            if (method.LearningRate == 0) remarks.Advice($"peft[{i}].learning_rate", RateOfZero);
            if (method.LearningRate is not null && OptimiserCatalogue.HasOwnRate(spec.Training))
                remarks.Error($"peft[{i}].learning_rate", "relative_step has a rate of its own", "remove it, or optimizer_arguments: relative_step");
        }
        if (spec.Training.LearningRate is not { } shared) return;
        var sharing = spec.Peft.Where(p => p.LearningRate is null).ToList();
        if (shared == 0 && sharing.Count > 0) remarks.Advice("training.learning_rate", RateOfZero);
        foreach (var peft in sharing)
            if (shared > 0 && MethodCatalogue.Find(peft.Method) is { } method && Math.Max(shared / method.DefaultLearningRate, method.DefaultLearningRate / shared) > FarOff)
                remarks.Advice(
                    "training.learning_rate",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{shared} is far from what {peft.Name} needs ({method.Name}'s default is {method.DefaultLearningRate})"),
                    $"give {peft.Name} a learning_rate of its own");
    }

    /// <summary>What is said of a learning rate of 0, in a sweep and on the command line.</summary>
    public const string RateOfZero = "a learning rate of 0 learns nothing";
}
