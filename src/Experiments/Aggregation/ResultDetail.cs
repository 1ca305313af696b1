namespace AlpacaCot.Experiments.Aggregation;

/// <summary>What the files of one evaluation of one trial say beyond its metrics.</summary>
public sealed record ResultDetail
{
    /// <summary>Items asked.</summary>
    public int Items { get; init; }

    /// <summary>Metric to the items' parts in it, where they are known; the order of the items is the same in every trial.</summary>
    public IReadOnlyDictionary<string, ItemScores> Scores { get; init; } = new Dictionary<string, ItemScores>();

    /// <summary>Metric to its standard error over the items.</summary>
    public IReadOnlyDictionary<string, double> Errors { get; init; } = new Dictionary<string, double>();

    /// <summary>The suite's parts (an operation and a number of digits, a subject) with their own metrics.</summary>
    public IReadOnlyList<ResultPart> Parts { get; init; } = [];

    /// <summary>Answers that ended because they were as long as an answer may be; null where answers are not generated, or it was not counted.</summary>
    public int? AtLimit { get; init; }

    /// <summary>The first item that was answered rightly; null where there is none.</summary>
    public AnswerSample? Right { get; init; }

    /// <summary>The first item that was answered wrongly; null where there is none.</summary>
    public AnswerSample? Wrong { get; init; }

    /// <summary>The file with a line per item; null where there is none.</summary>
    public string? SamplesFile { get; init; }
}

/// <summary>A part of a suite under one trial.</summary>
/// <param name="Name">Its name, <c>add_3</c>.</param>
/// <param name="Items">Its items.</param>
/// <param name="Metrics">Metric to value.</param>
/// <param name="Errors">Metric to standard error over the part's items.</param>
public sealed record ResultPart(string Name, int Items, IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, double> Errors);

/// <summary>One item as it was asked and answered.</summary>
/// <param name="Prompt">The whole prompt.</param>
/// <param name="Response">What the model wrote.</param>
/// <param name="Extracted">What was taken from it as the answer.</param>
/// <param name="Target">What is right.</param>
public sealed record AnswerSample(string Prompt, string Response, string Extracted, string Target);

/// <summary>The items' parts in a metric that is Σ numerators ÷ Σ denominators, or a function of that.</summary>
/// <param name="Numerators">One per item.</param>
/// <param name="Denominators">One per item (its words, its bytes); null where each counts 1.</param>
public sealed record ItemScores(IReadOnlyList<double> Numerators, IReadOnlyList<double>? Denominators = null)
{
    private const double Tolerance = 1e-6;

    /// <summary>
    /// What each item contributes to a metric, so that their mean is the metric on its scale: the items themselves for a mean, the linear part of a ratio
    /// (as the delta method has it) for others. Null where the metric is not made of these scores.
    /// </summary>
    internal double[]? Contributions(double onScale, MetricScale scale)
    {
        if (Numerators.Count == 0) return null;
        var perItem = (Denominators?.Sum() ?? Numerators.Count) / Numerators.Count;
        if (!(perItem > 0)) return null;
        var ratio = Numerators.Sum() / (perItem * Numerators.Count);
        // Scores are log-likelihoods where the metric is a perplexity (the log of it is −ratio) or bits (−ratio / ln 2).
        double[] factors = scale == MetricScale.Log ? [-1] : [1, -1 / Math.Log(2)];
        foreach (var factor in factors)
            if (Math.Abs(factor * ratio - onScale) <= Tolerance * Math.Max(1, Math.Abs(onScale)))
                return [.. Numerators.Select((a, i) => onScale + factor * (a - ratio * (Denominators?[i] ?? 1)) / perItem)];
        return null;
    }
}
