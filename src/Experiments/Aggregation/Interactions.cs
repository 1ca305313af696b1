using AlpacaCot.Statistics;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Finds differences that are not the same under all values of another factor, so that no mean over that factor is told as if it held everywhere.</summary>
internal static class Interactions
{
    private sealed record Found(string Factor, string Reference, string Name, string By, List<(string Level, IReadOnlyList<Cells.Seeded> BySeed, int Pairs)> Effects);

    /// <summary>All that can be told after Holm's correction over every contrast of the metric; those of differences with the untuned base are a table of their own.</summary>
    public static IReadOnlyList<Interaction> Of(Cells cells, IReadOnlyList<FactorSummary> factors)
        => [.. Of(cells, factors, againstBase: false), .. Of(cells, factors, againstBase: true)];

    private static IReadOnlyList<Interaction> Of(Cells cells, IReadOnlyList<FactorSummary> factors, bool againstBase)
    {
        var found = new List<Found>();
        foreach (var factor in factors)
            foreach (var comparison in factor.Comparisons.Where(c => c.IsAgainstBase == againstBase))
                foreach (var other in factors.Where(f => f.Factor != factor.Factor))
                    if (Effects(cells, comparison, other) is { Effects.Count: > 1 } effects) found.Add(effects);
        // (a − b under x) − (a − b under y) is (x − y under a) − (x − y under b): each such contrast is one test, whichever way it is told.
        var tested = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var of in found)
            foreach (var (level, p) in Contrasts(cells, of)) tested.TryAdd(Key(of, level), p);
        var keys = tested.Keys.ToList();
        var adjusted = Corrections.Holm([.. keys.Select(k => tested[k])]).Zip(keys).ToDictionary(a => a.Second, a => a.First, StringComparer.Ordinal);
        return
        [
            .. found.Select(of => (of, Keys: of.Effects.Skip(1).Select(e => Key(of, e.Level)).Where(tested.ContainsKey).ToList())).Where(x => x.Keys.Count > 0)
                .Select(x => Told(cells, x.of, x.Keys.Min(k => tested[k]), x.Keys.Min(k => adjusted[k]))).Where(i => i.AdjustedP < Comparison.Level),
        ];
    }

    private static Found Effects(Cells cells, Comparison comparison, FactorSummary other)
    {
        var (factor, reference) = (comparison.Factor, comparison.Reference);
        var byContext = cells.All.Where(c => c.Factors[factor] == reference).ToDictionary(c => c.Context(factor), StringComparer.Ordinal);
        Cells.Cell? ReferenceOf(Cells.Cell cell) => comparison.IsAgainstBase ? cells.BaseOf(cell) : byContext.GetValueOrDefault(cell.Context(factor));
        var pairs = cells.All.Where(c => c.Factors[factor] == comparison.Name && ReferenceOf(c) is not null)
            .Select(c => (Reference: ReferenceOf(c)!, Cell: c)).Where(p => cells.IsComplete(p.Reference) && cells.IsComplete(p.Cell)).ToList();
        var byLevel = other.Levels.Select(l => (l.Name, Pairs: pairs.Where(p => p.Cell.Factors[other.Factor] == l.Name).ToList())).Where(l => l.Pairs.Count > 0).ToList();
        // Only what every value of the other factor has: else their differences would differ for reasons that are not its own.
        var shared = byLevel.Select(l => l.Pairs.Select(p => p.Cell.Context(factor, other.Factor)).ToHashSet(StringComparer.Ordinal))
            .Aggregate((HashSet<string>?)null, (all, of) => all is null ? of : [.. all.Intersect(of)]) ?? [];
        var effects = byLevel.Select(l => (l.Name, Difference: cells.Difference([.. l.Pairs.Where(p => shared.Contains(p.Cell.Context(factor, other.Factor)))])))
            .Where(l => l.Difference is not null).Select(l => (l.Name, l.Difference!.Value.BySeed, l.Difference.Value.Pairs)).ToList();
        return new Found(factor, reference, comparison.Name, other.Factor, effects);
    }

    private static IEnumerable<(string Level, double P)> Contrasts(Cells cells, Found of)
    {
        var (_, first, pairs) = of.Effects[0];
        foreach (var (level, bySeed, _) in of.Effects.Skip(1))
            if (cells.Estimator.Difference([.. bySeed.Zip(first, (a, b) => a - b)], pairs).P is { } p) yield return (level, p);
    }

    private static Interaction Told(Cells cells, Found of, double p, double adjusted)
    {
        var effects = of.Effects.Select(e => (e.Level, Estimate: cells.Estimator.Difference(e.BySeed, e.Pairs), Mean: e.BySeed.Average(s => s.Value))).ToList();
        return new Interaction(of.Factor, of.Reference, of.Name, of.By, [.. effects.Select(e => new SimpleEffect(e.Level, e.Estimate.Difference, e.Estimate.P))], p, adjusted)
        {
            TurnsSign = effects.Any(e => e.Mean > 0 && e.Estimate.P < Comparison.Level) && effects.Any(e => e.Mean < 0 && e.Estimate.P < Comparison.Level),
        };
    }

    /// <summary>One name for a contrast, whichever of its two factors it is told by.</summary>
    private static string Key(Found of, string level)
    {
        var (one, other) = ($"{of.Factor}: {of.Reference}, {of.Name}", $"{of.By}: {of.Effects[0].Level}, {level}");
        return string.CompareOrdinal(one, other) < 0 ? $"{one}; {other}" : $"{other}; {one}";
    }
}
