using System.Text.Json.Serialization;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>A mean over seeds with its 95 % interval, which holds what the seed changes and, where <paramref name="Items"/> says so, the choice of the items.</summary>
/// <param name="Mean">The mean; the geometric one where the metric's scale is logarithmic.</param>
/// <param name="StandardDeviation">Sample standard deviation over seeds; null for one seed.</param>
/// <param name="Low">Lower end of the interval; null where neither seeds nor items show any noise.</param>
/// <param name="High">Upper end of the interval.</param>
/// <param name="Values">The values, one per seed, in the order of the seeds.</param>
/// <param name="Items">Items whose choice is in the interval; 0 where it holds the seeds alone.</param>
public sealed record Estimate(double Mean, double? StandardDeviation, double? Low, double? High, IReadOnlyList<double> Values, int Items = 0)
{
    /// <summary>Number of seeds.</summary>
    public int N => Values.Count;
}

/// <summary>Trials that differ in nothing but the seed.</summary>
/// <param name="Group">The trials' name without the seed.</param>
/// <param name="Factors">Axis to name, seed left out.</param>
/// <param name="Estimate">Mean over seeds.</param>
public sealed record GroupSummary(string Group, IReadOnlyDictionary<string, string> Factors, Estimate Estimate)
{
    /// <summary>Place by the mean, from 1; groups of one mean share theirs. Null where the metric's groups are not to be ranked.</summary>
    public int? Rank { get; init; }

    /// <summary>Whether it is an untuned base.</summary>
    public bool IsBase { get; init; }

    /// <summary>Mean of the untuned base that is asked in the same way; null where there is none.</summary>
    public double? BaseMean { get; init; }

    /// <summary>Share of its answers that ended at the limit of their length; null where that was not counted.</summary>
    public double? AtLimit { get; init; }
}

/// <summary>The marginal mean of one value of a factor: over all cells with it, seed by seed.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="Estimate">Mean over seeds of the seeds' means.</param>
/// <param name="Cells">Cells (combinations of the other factors) that enter.</param>
/// <param name="BaseMean">Mean of the untuned bases that are asked as those cells are; null where one is missing.</param>
public sealed record FactorLevel(string Name, Estimate Estimate, int Cells, double? BaseMean = null);

/// <summary>What changing a factor's value does, other factors and seeds being equal.</summary>
/// <param name="Factor">The axis.</param>
/// <param name="Reference">The value that is compared with: the axis' first, or the untuned base.</param>
/// <param name="Name">The value that is compared.</param>
/// <param name="Difference">
/// Mean over seeds of (value − reference), paired cell by cell and item by item; on a logarithmic scale the factor value ÷ reference.
/// </param>
/// <param name="P">p of no difference over seeds and, where they are known, items; null for one seed or where nothing varies.</param>
/// <param name="AdjustedP">p after Holm's correction over all comparisons of its table.</param>
/// <param name="Cells">Cells that have both values with every seed.</param>
public sealed record Comparison(string Factor, string Reference, string Name, Estimate Difference, double? P, double? AdjustedP, int Cells)
{
    /// <summary>Chance of a false finding among all of a table that is accepted.</summary>
    internal const double Level = 0.05;

    /// <summary>Whether it is with the untuned base, and not with a value of the axis.</summary>
    [JsonIgnore]
    public bool IsAgainstBase { get; init; }

    /// <summary>Whether the difference can be told from none, all comparisons of its table considered.</summary>
    [JsonIgnore]
    public bool IsTold => AdjustedP < Level;
}

/// <summary>A difference that is not the same under all values of another factor.</summary>
/// <param name="Factor">The axis whose values are compared.</param>
/// <param name="Reference">The value that is compared with.</param>
/// <param name="Name">The value that is compared.</param>
/// <param name="By">The other axis.</param>
/// <param name="Effects">The difference under each value of the other axis.</param>
/// <param name="P">Smallest p of two of those differences being one.</param>
/// <param name="AdjustedP">That p after Holm's correction over all such tests of the metric.</param>
public sealed record Interaction(string Factor, string Reference, string Name, string By, IReadOnlyList<SimpleEffect> Effects, double? P, double? AdjustedP)
{
    /// <summary>Whether the difference is in favour of one value here and of the other there.</summary>
    public bool TurnsSign { get; init; }
}

/// <summary>A difference under one value of another factor.</summary>
/// <param name="Level">The other factor's value.</param>
/// <param name="Difference">Mean over seeds of (value − reference).</param>
/// <param name="P">p of no difference, uncorrected.</param>
public sealed record SimpleEffect(string Level, Estimate Difference, double? P);

/// <summary>One factor under one metric.</summary>
/// <param name="Factor">The axis.</param>
/// <param name="Levels">Marginal means, in the order of the sweep file.</param>
/// <param name="Balanced">Whether every value has every cell with every seed. Where not, the means are over the cells that all values have; where
/// there are none, over different cells.</param>
/// <param name="Comparisons">Each other value against the first, and each against the untuned base where it was tuned to get there.</param>
public sealed record FactorSummary(string Factor, IReadOnlyList<FactorLevel> Levels, bool Balanced, IReadOnlyList<Comparison> Comparisons);

/// <summary>Two factors under one metric: the mean of every combination over all other factors.</summary>
/// <param name="Rows">The factor down the side.</param>
/// <param name="Columns">The factor along the top.</param>
/// <param name="RowNames">Names of the rows.</param>
/// <param name="ColumnNames">Names of the columns.</param>
/// <param name="Cells">Estimates by row and column; null where the combination has no trial.</param>
public sealed record PairSummary(
    string Rows, string Columns, IReadOnlyList<string> RowNames, IReadOnlyList<string> ColumnNames, IReadOnlyList<IReadOnlyList<Estimate?>> Cells);

/// <summary>How one model's tuned groups stand to its untuned base.</summary>
/// <param name="Model">The model.</param>
/// <param name="Base">The best of its base's ways of being asked.</param>
/// <param name="BestTuned">The best of its tuned groups.</param>
/// <param name="Difference">That group − that base; corrected over all tuned groups of the model.</param>
/// <param name="BaseEstimate">The base's value.</param>
/// <param name="TunedEstimate">The group's value.</param>
/// <param name="Ahead">Tuned groups whose mean is better than that base's.</param>
/// <param name="Told">Tuned groups that can be told to be better than that base.</param>
/// <param name="Behind">Tuned groups that can be told to be worse than that base.</param>
/// <param name="Groups">Tuned groups of the model.</param>
public sealed record BaseVerdict(
    string Model, string Base, string BestTuned, Comparison Difference, Estimate BaseEstimate, Estimate TunedEstimate, int Ahead, int Told, int Behind, int Groups);

/// <summary>A suite's parts under every group.</summary>
/// <param name="Parts">The parts with their numbers of items.</param>
/// <param name="Rows">Group to one estimate per part; null where the group has none.</param>
public sealed record Breakdown(IReadOnlyList<BreakdownPart> Parts, IReadOnlyList<BreakdownRow> Rows);

/// <summary>A part of a suite.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Items">Its items.</param>
public sealed record BreakdownPart(string Name, int Items);

/// <summary>One group over a suite's parts.</summary>
/// <param name="Group">The group.</param>
/// <param name="Estimates">One per part; null where it has none.</param>
public sealed record BreakdownRow(string Group, IReadOnlyList<Estimate?> Estimates);

/// <summary>Everything about one metric.</summary>
public sealed record MetricSummary
{
    /// <summary>The metric: <c>evaluation/metric</c>, or <c>training/loss</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>What it is, in a clause.</summary>
    public string Definition { get; init; } = "";

    /// <summary>Items that it is over; 0 where that is not known.</summary>
    public int Items { get; init; }

    /// <summary>The scale of means, differences and axes.</summary>
    public MetricScale Scale { get; init; }

    /// <summary>Whether smaller is better.</summary>
    public required bool LowerIsBetter { get; init; }

    /// <summary>Whether 0 says that nothing was right.</summary>
    [JsonIgnore]
    public bool CountsSolved { get; init; }

    /// <summary>All groups, untuned bases among them, best first; in the order of the grid where they are not to be ranked.</summary>
    public required IReadOnlyList<GroupSummary> Groups { get; init; }

    /// <summary>
    /// Groups that cannot be told from the best one: p of the paired difference, after Holm's correction over all groups, is 0.05 or more (or there is only one seed).
    /// </summary>
    public required IReadOnlyList<string> TiedWithBest { get; init; }

    /// <summary>Every factor with at least two values that can be compared under this metric.</summary>
    public required IReadOnlyList<FactorSummary> Factors { get; init; }

    /// <summary>Every pair of such factors.</summary>
    public required IReadOnlyList<PairSummary> Pairs { get; init; }

    /// <summary>Differences that depend on another factor, as far as that can be told.</summary>
    public IReadOnlyList<Interaction> Interactions { get; init; } = [];

    /// <summary>Each tuned group against the untuned base that is asked in the same way.</summary>
    public IReadOnlyList<Comparison> AgainstBase { get; init; } = [];

    /// <summary>How each model's tuned groups stand to the model itself.</summary>
    public IReadOnlyList<BaseVerdict> BaseVerdicts { get; init; } = [];

    /// <summary>The suite's parts; null where it has none.</summary>
    public Breakdown? Breakdown { get; init; }

    /// <summary>What is not compared under this metric, and why, one sentence each.</summary>
    public IReadOnlyList<string> NotCompared { get; init; } = [];
}
