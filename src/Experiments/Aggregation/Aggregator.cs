using AlpacaCot.Statistics;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Turns trials into what a metric says about groups, factors and pairs of factors. Every interval is over seeds.</summary>
internal static class Aggregator
{
    private static readonly string[] SmallerIsBetter =
    [
        "loss", "perplexity", "bits_per_byte", "cer", "wer", "ter", "brier", "ece", "invalid", "error"
    ];

    public static bool LowerIsBetter(string metric)
        => SmallerIsBetter.Any(word => metric.Split('/')[^1].Split(',')[0].EndsWith(word, StringComparison.Ordinal));

    public static MetricSummary Summarise(
        IReadOnlyList<ReportTrial> trials, string metric, IReadOnlyDictionary<string, IReadOnlyList<string>> axes, bool? lowerIsBetter = null)
    {
        var cells = new Cells(trials, metric);
        var lower = lowerIsBetter ?? LowerIsBetter(metric);
        var groups = cells.All.Select(c => new GroupSummary(c.Group, c.Factors, Estimate.Of([.. c.BySeed.Values]))).ToList();
        var ranked = (lower ? groups.OrderBy(g => g.Estimate.Mean) : groups.OrderByDescending(g => g.Estimate.Mean)).ToList();
        var factors = axes.Where(a => a.Value.Count > 1).Select(a => Factor(cells, a.Key, a.Value)).Where(f => f.Levels.Count > 1).ToList();
        return new MetricSummary
        {
            Metric = metric,
            LowerIsBetter = lower,
            Groups = ranked,
            TiedWithBest = Tied(cells, ranked),
            Factors = Adjust(factors),
            Pairs = [.. factors.SelectMany((a, i) => factors.Skip(i + 1).Select(b => Pair(cells, a, b)))],
        };
    }

    private static FactorSummary Factor(Cells cells, string factor, IReadOnlyList<string> names)
    {
        var byName = names.ToDictionary(n => n, n => cells.All.Where(c => c.Factors[factor] == n).ToList(), StringComparer.Ordinal);
        var present = names.Where(n => byName[n].Count > 0).ToList();
        // Means over different cells would differ for reasons that are not the factor's: only what every value has with every seed enters, where
        // there is such a thing.
        var contexts = present.Select(n => byName[n].Where(cells.IsComplete).Select(c => c.Context(factor)).ToHashSet(StringComparer.Ordinal))
            .ToList();
        var shared = contexts.Count == 0 ? [] : contexts.Aggregate((a, b) => [.. a.Intersect(b)]);
        var levels = present.Select(name =>
        {
            var common = byName[name].Where(c => shared.Contains(c.Context(factor)) && cells.IsComplete(c)).ToList();
            var (means, used) = cells.SeedMeans(common.Count > 0 ? common : byName[name]);
            return new FactorLevel(name, Estimate.Of(means), used);
        }).ToList();
        var balanced = present.All(n => byName[n].Count == shared.Count);
        var comparisons = present.Skip(1).Select(n => Compare(cells, factor, present[0], n, byName)).OfType<Comparison>().ToList();
        return new FactorSummary(factor, levels, balanced, comparisons);
    }

    private static Comparison? Compare(Cells cells, string factor, string reference, string name, Dictionary<string, List<Cells.Cell>> byName)
    {
        var references = byName[reference].ToDictionary(c => c.Context(factor), StringComparer.Ordinal);
        var pairs = byName[name].Where(c => references.ContainsKey(c.Context(factor)))
            .Select(c => (Reference: references[c.Context(factor)], Cell: c)).ToList();
        return PairedDifference(cells.Seeds, pairs) is var (difference, used)
            ? new Comparison(factor, reference, name, difference, POf(difference), null, used)
            : null;
    }

    /// <summary>Mean difference seed by seed over pairs of cells that both have every seed; null where there is no such pair.</summary>
    private static (Estimate Difference, int Pairs)? PairedDifference(
        IReadOnlyList<int> seeds, IReadOnlyList<(Cells.Cell Reference, Cells.Cell Cell)> pairs)
    {
        var shared = seeds.Where(s => pairs.Any(p => p.Reference.BySeed.ContainsKey(s) && p.Cell.BySeed.ContainsKey(s))).ToList();
        var complete = pairs.Where(p => shared.All(s => p.Reference.BySeed.ContainsKey(s) && p.Cell.BySeed.ContainsKey(s))).ToList();
        if (shared.Count == 0 || complete.Count == 0) return null;
        return (Estimate.Of([.. shared.Select(s => complete.Average(p => p.Cell.BySeed[s] - p.Reference.BySeed[s]))]), complete.Count);
    }

    private static double? POf(Estimate difference)
        => difference.N >= 2 && TTests.OneSample(difference.Values).P is var p && !double.IsNaN(p) ? p : null;

    private static List<FactorSummary> Adjust(List<FactorSummary> factors)
    {
        var tested = factors.SelectMany(f => f.Comparisons).Where(c => c.P is not null).ToList();
        var adjusted = new Queue<double>(Corrections.Holm([.. tested.Select(c => c.P!.Value)]));
        return
        [
            .. factors.Select(f => f with { Comparisons = [.. f.Comparisons.Select(c => c.P is null ? c : c with { AdjustedP = adjusted.Dequeue() })] })
        ];
    }

    private static List<string> Tied(Cells cells, List<GroupSummary> ranked)
    {
        if (ranked.Count == 0) return [];
        var byGroup = cells.All.ToDictionary(c => c.Group, StringComparer.Ordinal);
        var best = byGroup[ranked[0].Group];
        return
        [
            .. ranked.Skip(1).Where(g => PairedDifference(cells.Seeds, [(best, byGroup[g.Group])])?.Difference is not { Low: { } low, High: { } high } || low <= 0 && high >= 0).Select(g => g.Group),
        ];
    }

    private static PairSummary Pair(Cells cells, FactorSummary rows, FactorSummary columns)
    {
        var rowNames = rows.Levels.Select(l => l.Name).ToList();
        var columnNames = columns.Levels.Select(l => l.Name).ToList();
        return new PairSummary(rows.Factor, columns.Factor, rowNames, columnNames,
        [
            .. rowNames.Select(r => (IReadOnlyList<Estimate?>)
            [
                .. columnNames.Select(c => cells.All.Where(cell => cell.Factors[rows.Factor] == r && cell.Factors[columns.Factor] == c).ToList() is { Count: > 0 } both
                    ? Estimate.Of(cells.SeedMeans(both).BySeed) : null),
            ]),
        ]);
    }
}
