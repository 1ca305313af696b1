using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Compares what was tuned with the base that it was tuned from, model by model and question by question.</summary>
internal static class BaseComparisons
{
    /// <summary>Each tuned group against the base that is asked in the same way.</summary>
    public static IReadOnlyList<Comparison> Of(Cells cells) => Aggregator.Adjust(
        [.. cells.All.Select(c => cells.BaseOf(c) is { } of ? Aggregator.Compare(cells, "base", of.Group, c.Group, [(of, c)]) : null).OfType<Comparison>()]);

    /// <summary>One value of a factor against the bases of its cells; null where they have none.</summary>
    public static Comparison? Compare(Cells cells, string factor, string name, IReadOnlyList<Cells.Cell> tuned)
        => Aggregator.Compare(cells, factor, MethodSpec.UntunedName, name, [.. tuned.Where(c => cells.BaseOf(c) is not null).Select(c => (cells.BaseOf(c)!, c))]) is { } comparison
            ? comparison with { IsAgainstBase = true } : null;

    /// <summary>Mean over the bases of some cells, each as often as cells are compared with it; null where one has none.</summary>
    public static double? MeanOf(Cells cells, IReadOnlyCollection<Cells.Cell> tuned)
    {
        var bases = tuned.Select(cells.BaseOf).OfType<Cells.Cell>().ToList();
        return bases.Count == tuned.Count && bases.Count > 0 && cells.SeedMeans(bases).BySeed is { Count: > 0 } means ? cells.Estimator.Mean(means).Mean : null;
    }

    /// <summary>For each model with a base: how its tuned groups stand to the best that the base does, whichever way that is asked.</summary>
    public static IReadOnlyList<BaseVerdict> Verdicts(Cells cells, MetricTraits traits)
        => [.. cells.All.Select(c => c.Factors["model"]).Distinct(StringComparer.Ordinal).Select(model => Verdict(cells, traits, model)).OfType<BaseVerdict>()];

    private static BaseVerdict? Verdict(Cells cells, MetricTraits traits, string model)
    {
        // Smaller is better where the sign is turned: the best is then the largest again.
        double Worth(Cells.Cell cell) => (traits.LowerIsBetter ? -1 : 1) * cell.BySeed.Values.Average(s => s.Value);

        var bases = cells.Bases.Where(c => c.Factors["model"] == model).ToList();
        var tuned = cells.All.Where(c => c.Factors["model"] == model).ToList();
        if (bases.Count == 0 || tuned.Count == 0) return null;
        var (best, tunedBest) = (bases.MaxBy(Worth)!, tuned.MaxBy(Worth)!);
        var compared = Aggregator.Adjust([.. tuned.Select(c => Aggregator.Compare(cells, "base", best.Group, c.Group, [(best, c)])).OfType<Comparison>()]);
        if (compared.FirstOrDefault(c => c.Name == tunedBest.Group) is not { } difference) return null;
        bool IsBetter(Comparison c) => traits.ToScale(c.Difference.Mean) is var d && (traits.LowerIsBetter ? d < 0 : d > 0);
        return new BaseVerdict(
            model, best.Group, tunedBest.Group, difference, cells.Estimator.Mean([.. best.BySeed.Values]), cells.Estimator.Mean([.. tunedBest.BySeed.Values]),
            tuned.Count(c => Worth(c) > Worth(best) && !Aggregator.Same(Worth(c), Worth(best))), compared.Count(c => c.IsTold && IsBetter(c)), compared.Count(c => c.IsTold && !IsBetter(c)), tuned.Count);
    }
}
