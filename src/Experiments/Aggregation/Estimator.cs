using AlpacaCot.Statistics;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Makes estimates of a metric from what seeds gave: their noise and, where the items are known, the items' too.</summary>
/// <param name="traits">The metric.</param>
/// <param name="share">Whether its values are parts of a whole, so that intervals stay from 0 to 1.</param>
/// <param name="most">The largest value that there can be.</param>
internal sealed class Estimator(MetricTraits traits, bool share, double most)
{
    /// <summary>A mean.</summary>
    public Estimate Mean(IReadOnlyList<Cells.Seeded> bySeed)
    {
        // A share has Wilson's interval. What is bounded above alone has none: there, as if one item had been answered wholly otherwise, so that items that all agree have an interval too.
        var mean = TwoLevel(bySeed, share || !traits.CanBeShare ? 0 : 1);
        Interval? interval = share ? (mean with { Mean = Math.Clamp(mean.Mean, 0, 1) }).ShareInterval() : mean.Interval();
        return Of(mean, bySeed, interval is { } i ? new Interval(i.Low, Math.Min(i.High, most)) : null);
    }

    /// <summary>A mean difference over pairs of cells, with p of no difference.</summary>
    public (Estimate Difference, double? P) Difference(IReadOnlyList<Cells.Seeded> bySeed, int pairs)
    {
        // As if one more item had been answered differently under one pair: items that all agree say that differences are rare, not that there are none.
        var mean = TwoLevel(bySeed, traits.CanBeShare ? 1.0 / pairs / pairs : 0);
        return (Of(mean, bySeed, mean.Interval() is { } i ? share ? new Interval(Math.Max(-1, i.Low), Math.Min(1, i.High)) : i : null), mean.P);
    }

    private Estimate Of(TwoLevelMean mean, IReadOnlyList<Cells.Seeded> bySeed, Interval? interval)
    {
        double[] values = [.. bySeed.Select(s => traits.FromScale(s.Value))];
        return new Estimate(
            traits.FromScale(mean.Mean), values.Length > 1 ? Descriptive.SampleStandardDeviation(values) : null,
            interval is { } low ? traits.FromScale(low.Low) : null, interval is { } high ? traits.FromScale(high.High) : null, values, mean.Items);
    }

    private static TwoLevelMean TwoLevel(IReadOnlyList<Cells.Seeded> bySeed, double leastSquares)
    {
        if (bySeed[0].Items is { } first && bySeed.All(s => s.Items?.Length == first.Length)) return TwoLevelMean.Of([.. bySeed.Select(s => s.Items!)], leastSquares);
        double[] values = [.. bySeed.Select(s => s.Value)];
        var items = bySeed.Min(s => s.ItemCount);
        return items > 1 && bySeed.All(s => s.ItemVariance is not null)
            ? TwoLevelMean.OfSeeds(values, Math.Max(bySeed.Average(s => s.ItemVariance!.Value), leastSquares / items / (items - 1)), items)
            : TwoLevelMean.OfSeeds(values);
    }
}
