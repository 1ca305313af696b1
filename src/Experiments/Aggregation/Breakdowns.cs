namespace AlpacaCot.Experiments.Aggregation;

/// <summary>A suite's own parts, group by group: an average over operations or numbers of digits hides which of them were learned.</summary>
internal static class Breakdowns
{
    /// <summary>The parts of a metric's suite; null where it has none.</summary>
    public static Breakdown? Of(IReadOnlyList<ReportTrial> trials, MetricTraits traits, IEnumerable<string> groups)
    {
        var (evaluation, name) = (MetricTraits.EvaluationOf(traits.Metric), traits.Metric.Split('/', 2)[^1]);
        var parts = trials.SelectMany(t => t.Details.GetValueOrDefault(evaluation)?.Parts ?? []).Where(p => p.Metrics.ContainsKey(name)).ToList();
        var names = parts.Select(p => p.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (names.Count < 2) return null;
        var values = parts.Select(p => p.Metrics[name]).ToList();
        var estimator = new Estimator(traits, traits.CanBeShare && values.Min() >= 0 && values.Max() <= 1, traits.CanBeShare && values.Max() <= 1 ? 1 : double.PositiveInfinity);
        var byGroup = trials.ToLookup(t => t.Group, StringComparer.Ordinal);
        return new Breakdown(
            [.. names.Select(n => new BreakdownPart(n, parts.Where(p => p.Name == n).Max(p => p.Items)))],
            [.. groups.Select(g => new BreakdownRow(g, [.. names.Select(n => Part(byGroup[g], n))]))]);

        Estimate? Part(IEnumerable<ReportTrial> of, string part)
        {
            var bySeed = of.OrderBy(t => t.Seed).Select(t => t.Details.GetValueOrDefault(evaluation)?.Parts.FirstOrDefault(p => p.Name == part)).OfType<ResultPart>()
                .Where(p => p.Metrics.TryGetValue(name, out var value) && double.IsFinite(traits.ToScale(value))).Select(Seeded).ToList();
            return bySeed.Count > 0 ? estimator.Mean(bySeed) : null;
        }

        Cells.Seeded Seeded(ResultPart part)
        {
            var value = part.Metrics[name];
            double? error = part.Errors.TryGetValue(name, out var known) ? traits.Scale == MetricScale.Log ? known / value : known : null;
            return new Cells.Seeded(traits.ToScale(value), null, error * error, part.Items);
        }
    }
}
