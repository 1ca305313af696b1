namespace AlpacaCot.Specs;

/// <summary>How trials are searched instead of all being trained to the end.</summary>
public sealed record SearchSpec
{
    /// <summary><c>asha</c>: successive halving (Li et al. 2020, arXiv:1810.05934).</summary>
    public required string Scheduler { get; init; }

    /// <summary>One in this many goes on from each rung.</summary>
    public int Reduction { get; init; } = 3;

    /// <summary>Steps of the first rung.</summary>
    public int GraceSteps { get; init; } = 50;

    /// <summary>The metric, <c>evaluation/metric</c>.</summary>
    public required string Metric { get; init; }

    /// <summary><c>max</c> or <c>min</c>.</summary>
    public string Mode { get; init; } = "max";
}
