using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>What a report says in words.</summary>
internal static class Sentences
{
    /// <summary>The best group, and how far that can be believed.</summary>
    public static string? Best(SweepReport report)
    {
        if (report.Metrics.FirstOrDefault() is not { Groups.Count: > 0 } metric) return null;
        var best = metric.Groups[0];
        var value = $"{Numbers.Value(best.Estimate.Mean)} {Numbers.PlusMinus(best.Estimate)}".TrimEnd();
        var tied = metric.TiedWithBest.Count;
        var belief = metric.Groups.Count == 1 ? ""
            : best.Estimate.N < 2 ? " With one seed it cannot be told from the others."
            : tied == 0 ? " No other group comes as near."
            : $" {tied} of the other {metric.Groups.Count - 1} groups cannot be told from it.";
        return $"Best by {metric.Metric}: {best.Group}, {value}.{belief}";
    }

    /// <summary>A comparison in words.</summary>
    public static string Of(Comparison comparison, bool lowerIsBetter)
    {
        var better = comparison.Difference.Mean == 0
            ? "no different from"
            : comparison.Difference.Mean > 0 != lowerIsBetter ? "better than" : "worse than";
        return $"{comparison.Name} is {better} {comparison.Reference} by {Numbers.Value(Math.Abs(comparison.Difference.Mean))}";
    }
}
