using AlpacaCot.Specs;
using AlpacaCot.Statistics;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>
/// Turns trials into what a metric says about groups, factors and pairs of factors. Intervals and tests are over seeds and, where the items' own scores are known, over items;
/// trials are paired by both.
/// </summary>
internal static class Aggregator
{
    public static MetricSummary Summarise(
        IReadOnlyList<ReportTrial> trials, string metric, IReadOnlyDictionary<string, IReadOnlyList<string>> axes, bool? lowerIsBetter = null)
    {
        var traits = MetricTraits.Of(metric, lowerIsBetter);
        // A loss is of the training's own data and tokens, and has nothing to do with how the trained model is asked: one value a training, compared between methods alone.
        var isLoss = metric == MetricTraits.TrainingLoss;
        var cells = new Cells(isLoss ? Trainings(trials) : trials, traits);
        var notCompared = new List<string>();
        if (isLoss && cells.All.Count > 1)
            notCompared.Add("Losses are compared between methods alone: those of other data or another model are over other tokens, and those of one training asked in several ways are one.");
        var factors = axes.Where(a => a.Value.Count > 1 && (!isLoss || a.Key == "peft"))
            .Where(a => Differs(cells, a.Key, a.Value, notCompared)).Select(a => Factor(cells, a.Key, a.Value)).Where(f => f.Levels.Count > 1).ToList();
        var groups = cells.All.Concat(cells.Bases).Select(c => Group(cells, c)).ToList();
        var ranked = isLoss ? groups : Ranked(groups, traits.LowerIsBetter);
        var adjusted = Adjust(factors);
        return new MetricSummary
        {
            Metric = metric,
            Definition = traits.Definition,
            Items = cells.Items,
            Scale = traits.Scale,
            CountsSolved = traits.CountsSolved,
            LowerIsBetter = traits.LowerIsBetter,
            Groups = ranked,
            TiedWithBest = isLoss ? [] : Tied(cells, ranked),
            Factors = adjusted,
            Pairs = [.. factors.SelectMany((a, i) => factors.Skip(i + 1).Select(b => Pair(cells, a, b)))],
            Interactions = Interactions.Of(cells, factors),
            AgainstBase = BaseComparisons.Of(cells),
            BaseVerdicts = BaseComparisons.Verdicts(cells, traits),
            NotCompared = notCompared,
        };
    }

    private static IEnumerable<ReportTrial> Trainings(IReadOnlyList<ReportTrial> trials)
        => trials.Where(t => !t.IsBase).DistinctBy(t => t.Training).Select(t => t with
        {
            Group = string.Join('+', t.Factors.Where(f => f.Key is not "cot" and not "seed").Select(f => f.Value)), Factors = t.Factors.Where(f => f.Key != "cot").ToDictionary(StringComparer.Ordinal),
        });

    /// <summary>Whether a factor's values give different values anywhere. Where each trial has the very same under all of them, the factor does not reach the metric, and says nothing by being "equal".</summary>
    private static bool Differs(Cells cells, string factor, IReadOnlyList<string> names, List<string> notCompared)
    {
        var pairs = cells.All.Where(c => names.Contains(c.Factors[factor])).GroupBy(c => c.Context(factor), StringComparer.Ordinal).Where(g => g.Count() > 1).ToList();
        if (pairs.Count == 0 || pairs.Any(g => g.Any(c => !c.BySeed.Select(s => (s.Key, s.Value.Value)).SequenceEqual(g.First().BySeed.Select(s => (s.Key, s.Value.Value)))))) return true;
        notCompared.Add($"The values of {factor} are not compared: every trial has the very same value under each of them.");
        return false;
    }

    private static GroupSummary Group(Cells cells, Cells.Cell cell) => new(cell.Group, cell.Factors, cells.Estimator.Mean([.. cell.BySeed.Values]))
    {
        IsBase = cell.IsBase, BaseMean = cells.BaseOf(cell) is { } of ? cells.Estimator.Mean([.. of.BySeed.Values]).Mean : null,
    };

    /// <summary>Best first; groups of one mean share their rank.</summary>
    private static List<GroupSummary> Ranked(List<GroupSummary> groups, bool lower)
    {
        var sorted = (lower ? groups.OrderBy(g => g.Estimate.Mean) : groups.OrderByDescending(g => g.Estimate.Mean)).ToList();
        var rank = 0;
        for (var i = 0; i < sorted.Count; i++)
        {
            if (i == 0 || !Same(sorted[i].Estimate.Mean, sorted[i - 1].Estimate.Mean)) rank = i + 1;
            sorted[i] = sorted[i] with { Rank = rank };
        }
        return sorted;
    }

    /// <summary>Whether two means differ by no more than the order in which they were added up.</summary>
    internal static bool Same(double a, double b) => Math.Abs(a - b) <= 1e-12 * Math.Max(Math.Abs(a), Math.Abs(b));

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
            return new FactorLevel(name, cells.Estimator.Mean(means), used.Count, BaseComparisons.MeanOf(cells, used));
        }).ToList();
        var balanced = present.All(n => byName[n].Count == shared.Count);
        var comparisons = present.Skip(1).Select(n => Compare(cells, factor, present[0], n, byName)).OfType<Comparison>().ToList();
        // Tuning on data by a method is what a base lacks: each of their values is compared with it as well.
        if (factor is "peft" or "data") comparisons.AddRange(present.Select(n => BaseComparisons.Compare(cells, factor, n, byName[n])).OfType<Comparison>());
        return new FactorSummary(factor, levels, balanced, comparisons);
    }

    private static Comparison? Compare(Cells cells, string factor, string reference, string name, Dictionary<string, List<Cells.Cell>> byName)
    {
        var references = byName[reference].ToDictionary(c => c.Context(factor), StringComparer.Ordinal);
        return Compare(cells, factor, reference, name, [.. byName[name].Where(c => references.ContainsKey(c.Context(factor))).Select(c => (references[c.Context(factor)], c))]);
    }

    internal static Comparison? Compare(Cells cells, string factor, string reference, string name, IReadOnlyList<(Cells.Cell Reference, Cells.Cell Cell)> pairs)
    {
        if (cells.Difference(pairs) is not { } difference) return null;
        var (estimate, p) = cells.Estimator.Difference(difference.BySeed, difference.Pairs);
        return new Comparison(factor, reference, name, estimate, p, null, difference.Pairs);
    }

    private static List<FactorSummary> Adjust(List<FactorSummary> factors)
    {
        var adjusted = new Queue<Comparison>(Adjust([.. factors.SelectMany(f => f.Comparisons)]));
        return [.. factors.Select(f => f with { Comparisons = [.. f.Comparisons.Select(_ => adjusted.Dequeue())] })];
    }

    /// <summary>Comparisons with p corrected over all of them.</summary>
    internal static IReadOnlyList<Comparison> Adjust(IReadOnlyList<Comparison> comparisons)
    {
        var adjusted = new Queue<double>(Corrections.Holm([.. comparisons.Where(c => c.P is not null).Select(c => c.P!.Value)]));
        return [.. comparisons.Select(c => c.P is null ? c : c with { AdjustedP = adjusted.Dequeue() })];
    }

    private static List<string> Tied(Cells cells, List<GroupSummary> ranked)
    {
        if (ranked.Count == 0) return [];
        var byGroup = cells.All.Concat(cells.Bases).ToDictionary(c => c.Group, StringComparer.Ordinal);
        var best = byGroup[ranked[0].Group];
        var compared = ranked.Skip(1).Select(g => (g.Group, Comparison: Compare(cells, "", best.Group, g.Group, [(best, byGroup[g.Group])]))).ToList();
        var told = Adjust([.. compared.Select(c => c.Comparison).OfType<Comparison>()]).Where(c => c.IsTold).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        return [.. compared.Select(c => c.Group).Where(g => !told.Contains(g))];
    }

    private static PairSummary Pair(Cells cells, FactorSummary rows, FactorSummary columns)
    {
        var untunedRow = HasUntuned(rows, columns);
        var untunedColumn = HasUntuned(columns, rows);
        List<string> rowNames = [.. rows.Levels.Select(l => l.Name), .. untunedRow ? (string[])[MethodSpec.UntunedName] : []];
        List<string> columnNames = [.. columns.Levels.Select(l => l.Name), .. untunedColumn ? (string[])[MethodSpec.UntunedName] : []];
        return new PairSummary(rows.Factor, columns.Factor, rowNames, columnNames,
        [
            .. rowNames.Select((r, row) => (IReadOnlyList<Estimate?>)
            [
                .. columnNames.Select((c, column) => Mean(
                    untunedRow && row == rows.Levels.Count ? cells.Bases.Where(b => b.Factors[columns.Factor] == c)
                    : untunedColumn && column == columns.Levels.Count ? cells.Bases.Where(b => b.Factors[rows.Factor] == r)
                    : cells.All.Where(cell => cell.Factors[rows.Factor] == r && cell.Factors[columns.Factor] == c))),
            ]),
        ]);

        // A base has a model and is asked in some way; it has neither method nor data, and stands beside their values.
        bool HasUntuned(FactorSummary factor, FactorSummary other) => cells.Bases.Count > 0 && (factor.Factor is "peft" or "data") && (other.Factor is "model" or "cot");

        Estimate? Mean(IEnumerable<Cells.Cell> of) => of.ToList() is { Count: > 0 } all && cells.SeedMeans(all).BySeed is { Count: > 0 } means ? cells.Estimator.Mean(means) : null;
    }
}
