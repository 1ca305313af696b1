using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>What a sweep found, in words: no more than its numbers carry, and first what would make one not use any of what was tuned.</summary>
internal static class Findings
{
    private const int MostEffects = 8;

    /// <summary>The sentences, the most important first; none where nothing was measured.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<MetricSummary> metrics)
    {
        if (metrics.FirstOrDefault(m => m.Groups.Count > 0) is not { } metric) return [];
        // Groups of a metric that does not rank them (the loss of other data) are not told as if one had won.
        if (metric.Groups[0].Rank is null) return [.. Effects(metric)];
        if (Unsolved(metric) is { } unsolved) return [unsolved];
        return [.. Bases(metric), Best(metric), .. BestAgainstBase(metric), .. Effects(metric)];
    }

    /// <summary>That nothing was solved; null where something was, or the metric does not count what is solved.</summary>
    public static string? Unsolved(MetricSummary metric)
        => metric is { CountsSolved: true, Groups.Count: > 0 } && metric.Groups.All(g => g.Estimate.Mean == 0)
            ? $"Nothing was solved: {metric.Metric} is 0 for {(metric.Groups.Count == 1 ? "the only group" : $"all {metric.Groups.Count} groups{(metric.Groups.Any(g => g.IsBase) ? ", the untuned base's too" : "")}")}{(metric.Items > 0 ? $", each asked {metric.Items} items" : "")}, and there is nothing to compare."
            : null;

    /// <summary>A comparison in words.</summary>
    public static string Of(MetricSummary metric, Comparison comparison)
    {
        var reference = comparison.Reference == MethodSpec.UntunedName ? "the untuned base" : comparison.Reference;
        if (!comparison.IsTold) return $"{comparison.Name} cannot be told from {reference}";
        var size = metric.Scale == MetricScale.Log ? $"by a factor of {Numbers.Value(Size(comparison.Difference.Mean))}" : $"by {Numbers.Value(Math.Abs(comparison.Difference.Mean))}";
        return $"{comparison.Name} is {(IsBetter(metric, comparison.Difference) ? "better" : "worse")} than {reference} {size}";
    }

    /// <summary>A difference that depends on another factor, in words.</summary>
    public static string Of(MetricSummary metric, Interaction interaction)
    {
        var effects = string.Join(", ", interaction.Effects.Select(e => $"{Numbers.Difference(metric.Scale, e.Difference)} with {e.Level}"));
        return $"{interaction.Name} against {(interaction.Reference == MethodSpec.UntunedName ? "the untuned base" : interaction.Reference)} depends on {interaction.By}: {effects}. "
            + (interaction.TurnsSign ? $"Its sign turns, so a mean over {interaction.By} would describe neither." : $"A mean over {interaction.By} would hide that.");
    }

    private static IEnumerable<string> Bases(MetricSummary metric)
    {
        var verdicts = metric.BaseVerdicts;
        if (verdicts.Count == 0) yield break;
        if (verdicts.All(v => v.Ahead == 0))
        {
            if (verdicts.Count == 1)
            {
                yield return $"No tuned group beats the untuned base by {metric.Metric}: {Stand(verdicts[0])} {Behind(verdicts[0])}";
                yield break;
            }
            yield return $"No tuned group beats its untuned base by {metric.Metric}.";
            foreach (var v in verdicts) yield return $"{v.Model}: {Stand(v)} {Behind(v)}";
            yield break;
        }
        if (verdicts.All(v => v.Told == 0) && verdicts.All(v => v.Difference.AdjustedP is not null))
        {
            var nearest = verdicts.Where(v => v.Ahead > 0).MaxBy(v => Math.Abs(v.Difference.Difference.Mean))!;
            yield return $"No tuned group can be told to beat its untuned base by {metric.Metric}: the nearest, {nearest.BestTuned}, has {Numbers.WithInterval(nearest.TunedEstimate)}, "
                + $"its base {Numbers.WithInterval(nearest.BaseEstimate)} ({Numbers.Difference(metric.Scale, nearest.Difference.Difference)}, p {Numbers.P(nearest.Difference.AdjustedP)} after correction).";
            // That nothing was gained is half of it: what was lost is the other.
            foreach (var v in verdicts.Where(v => v.Behind > 0))
                yield return $"{v.Behind} of {v.Groups} tuned groups of {v.Model} {(v.Behind == 1 ? "is" : "are")} worse than the untuned base, {Numbers.WithInterval(v.BaseEstimate)}.";
            yield break;
        }
        foreach (var v in verdicts.Where(v => v.Told == 0))
            yield return $"No tuned group of {v.Model} {(v.Ahead == 0 ? "beats" : "can be told to beat")} its untuned base by {metric.Metric}: {Stand(v)} {Behind(v)}";
    }

    private static string Stand(BaseVerdict v)
        => $"{v.Base} has {Numbers.WithInterval(v.BaseEstimate)}, the best tuned group, {v.BestTuned}, {Numbers.WithInterval(v.TunedEstimate)}.";

    private static string Behind(BaseVerdict v) => v switch
    {
        { Difference.AdjustedP: null } => "With one seed it cannot be told what of that is luck.",
        { Behind: 0 } => v.Groups == 1 ? "They cannot be told apart." : "None of its tuned groups can be told from it.",
        _ when v.Behind == v.Groups => v.Groups == 1 ? "Tuning made it worse." : $"All {v.Groups} tuned groups are worse.",
        _ => $"{v.Behind} of {v.Groups} tuned groups {(v.Behind == 1 ? "is" : "are")} worse, the others cannot be told from it.",
    };

    private static string Best(MetricSummary metric)
    {
        // Where an untuned base is as good as any, it is named before what was tuned.
        var first = metric.Groups.Where(g => g.Rank == 1).OrderByDescending(g => g.IsBase).ToList();
        var (count, tied) = (metric.Groups.Count, metric.TiedWithBest.Count);
        var value = Numbers.WithInterval(first[0].Estimate);
        if (count == 1) return $"{Label(first[0])} has {value} by {metric.Metric}.";
        if (first.Count == count) return $"The {count} groups cannot be told apart by {metric.Metric}: each has the mean {value}.";
        if (metric.Groups.All(g => g.IsBase || g.Estimate.N < 2))
            return $"The {(metric.LowerIsBetter ? "smallest" : "largest")} {metric.Metric} is that of {And(first.Select(Label))}, {value}. With one seed it cannot be told from the others.";
        if (tied == count - 1)
        {
            var reach = $"they reach from {Numbers.Value(metric.Groups[^1].Estimate.Mean)} ({Label(metric.Groups[^1])}) to {Numbers.Value(first[0].Estimate.Mean)} ({And(first.Select(Label))})";
            // Differences over several groups have more answers behind them than any one group.
            return metric.Interactions.Count > 0 || metric.Factors.Any(f => f.Comparisons.Any(c => c.IsTold))
                ? $"Taken one by one, none of the {count} groups can be told from the best by {metric.Metric}: {reach}. What can be told holds over several of them."
                : $"The {count} groups cannot be told apart by {metric.Metric}: {reach}, which is within what seeds and items do.";
        }
        // How tuned groups stand to their base has been said, corrected model by model; a second count, corrected over all groups, would seem to deny it.
        if (first[0].IsBase && metric.BaseVerdicts.Count > 0) return $"Best by {metric.Metric}: {And(first.Select(Label))}, {value}.";
        // Those that share the best mean are not told from each other, and are no others.
        var (others, behind) = (count - first.Count, tied - first.Count + 1);
        return $"Best by {metric.Metric}: {And(first.Select(Label))}, {value}. "
            + (behind == 0 ? $"{(first.Count == 1 ? "It" : "They")} can be told from {(others == 1 ? "the other group" : $"all {others} others")}."
                : $"{behind} of the other {others} groups cannot be told from {(first.Count == 1 ? "it" : "them")}.");
    }

    private static IEnumerable<string> BestAgainstBase(MetricSummary metric)
    {
        foreach (var v in metric.BaseVerdicts.Where(v => v.Told > 0))
            yield return $"{v.Told} of {v.Groups} tuned groups of {v.Model} {(v.Told == 1 ? "beats" : "beat")} the untuned base, {Numbers.WithInterval(v.BaseEstimate)}{(v.Behind > 0 ? $"; {v.Behind} {(v.Behind == 1 ? "is" : "are")} worse than it" : "")}.";
    }

    private static IEnumerable<string> Effects(MetricSummary metric)
    {
        // Of the two ways to tell one, what was tuned under each model and not what a model does to each tuning.
        var interactions = metric.Interactions.OrderByDescending(i => i.TurnsSign).ThenBy(i => i.Factor == "model")
            .DistinctBy(i => (string.CompareOrdinal(i.Factor, i.By) < 0 ? i.Factor : i.By, string.CompareOrdinal(i.Factor, i.By) < 0 ? i.By : i.Factor, i.Reference == MethodSpec.UntunedName ? i.Name : ""))
            .ToLookup(i => i.Reference == MethodSpec.UntunedName, i => Of(metric, i));
        var plain = metric.Factors.SelectMany(f => f.Comparisons).Where(c => c.IsTold && !metric.Interactions.Any(i => Concerns(i, c)))
            .Select(c => $"{Of(metric, c)} ({Numbers.Interval(c.Difference)}).");
        return interactions[false].Concat(plain).Concat(interactions[true]).Take(MostEffects);
    }

    /// <summary>Whether a mean difference hides that it depends on another factor.</summary>
    public static bool Concerns(Interaction interaction, Comparison comparison)
        => interaction.Factor == comparison.Factor && interaction.Name == comparison.Name && interaction.Reference == comparison.Reference;

    /// <summary>A group's name, and whether it is an untuned base.</summary>
    public static string Label(GroupSummary group) => group.IsBase ? $"{group.Group} (untuned)" : group.Group;

    private static bool IsBetter(MetricSummary metric, Estimate difference) => difference.Mean > (metric.Scale == MetricScale.Log ? 1 : 0) != metric.LowerIsBetter;

    private static double Size(double factor) => factor < 1 ? 1 / factor : factor;

    private static string And(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count switch
        {
            1 => all[0],
            <= 4 => $"{string.Join(", ", all[..^1])} and {all[^1]}",
            _ => $"{string.Join(", ", all[..3])} and {all.Count - 3} more",
        };
    }
}
