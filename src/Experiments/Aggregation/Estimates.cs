using AlpacaCot.Statistics;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>A mean over seeds with its 95 % t interval.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardDeviation">Sample standard deviation over seeds; null for one seed.</param>
/// <param name="Low">Lower end of the interval; null for one seed.</param>
/// <param name="High">Upper end of the interval; null for one seed.</param>
/// <param name="Values">The values, one per seed, in the order of the seeds.</param>
public sealed record Estimate(double Mean, double? StandardDeviation, double? Low, double? High, IReadOnlyList<double> Values)
{
    /// <summary>Number of seeds.</summary>
    public int N => Values.Count;

    internal static Estimate Of(IReadOnlyList<double> values)
    {
        if (values.Count < 2) return new Estimate(Descriptive.Mean(values), null, null, null, values);
        var interval = Intervals.T(values);
        return new Estimate(Descriptive.Mean(values), Descriptive.SampleStandardDeviation(values), interval.Low, interval.High, values);
    }
}

/// <summary>Trials that differ in nothing but the seed.</summary>
/// <param name="Group">The trials' name without the seed.</param>
/// <param name="Factors">Axis to name, seed left out.</param>
/// <param name="Estimate">Mean over seeds.</param>
public sealed record GroupSummary(string Group, IReadOnlyDictionary<string, string> Factors, Estimate Estimate);

/// <summary>The marginal mean of one value of a factor: over all cells with it, seed by seed.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="Estimate">Mean over seeds of the seeds' means.</param>
/// <param name="Cells">Cells (combinations of the other factors) that enter.</param>
public sealed record FactorLevel(string Name, Estimate Estimate, int Cells);

/// <summary>What changing a factor's value does, other factors and seeds being equal.</summary>
/// <param name="Factor">The axis.</param>
/// <param name="Reference">The value that is compared with: the axis' first.</param>
/// <param name="Name">The value that is compared.</param>
/// <param name="Difference">Mean over seeds of (value − reference), paired cell by cell.</param>
/// <param name="P">p of the paired t test over seeds; null for one seed or where nothing varies.</param>
/// <param name="AdjustedP">p after Holm's correction over all comparisons of the metric.</param>
/// <param name="Cells">Cells that have both values with every seed.</param>
public sealed record Comparison(string Factor, string Reference, string Name, Estimate Difference, double? P, double? AdjustedP, int Cells);

/// <summary>One factor under one metric.</summary>
/// <param name="Factor">The axis.</param>
/// <param name="Levels">Marginal means, in the order of the sweep file.</param>
/// <param name="Balanced">Whether every value has every cell with every seed. Where not, the means are over the cells that all values have; where
/// there are none, over different cells.</param>
/// <param name="Comparisons">Each other value against the first.</param>
public sealed record FactorSummary(string Factor, IReadOnlyList<FactorLevel> Levels, bool Balanced, IReadOnlyList<Comparison> Comparisons);

/// <summary>Two factors under one metric: the mean of every combination over all other factors.</summary>
/// <param name="Rows">The factor down the side.</param>
/// <param name="Columns">The factor along the top.</param>
/// <param name="RowNames">Names of the rows.</param>
/// <param name="ColumnNames">Names of the columns.</param>
/// <param name="Cells">Estimates by row and column; null where the combination has no trial.</param>
public sealed record PairSummary(
    string Rows, string Columns, IReadOnlyList<string> RowNames, IReadOnlyList<string> ColumnNames, IReadOnlyList<IReadOnlyList<Estimate?>> Cells);

/// <summary>Everything about one metric.</summary>
public sealed record MetricSummary
{
    /// <summary>The metric: <c>evaluation/metric</c>, or <c>training/loss</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>Whether smaller is better.</summary>
    public required bool LowerIsBetter { get; init; }

    /// <summary>All groups, best first.</summary>
    public required IReadOnlyList<GroupSummary> Groups { get; init; }

    /// <summary>
    /// Groups that cannot be told from the best one: the 95 % interval of the paired difference over seeds holds zero (or there is only one seed).
    /// </summary>
    public required IReadOnlyList<string> TiedWithBest { get; init; }

    /// <summary>Every factor with at least two values.</summary>
    public required IReadOnlyList<FactorSummary> Factors { get; init; }

    /// <summary>Every pair of such factors.</summary>
    public required IReadOnlyList<PairSummary> Pairs { get; init; }
}
