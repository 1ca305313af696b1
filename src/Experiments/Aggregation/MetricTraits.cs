namespace AlpacaCot.Experiments.Aggregation;

/// <summary>On which scale a metric's values are averaged and compared.</summary>
public enum MetricScale
{
    /// <summary>As they are: means are arithmetic, differences are differences.</summary>
    Linear,

    /// <summary>In logarithms: means are geometric, a "difference" is a factor (value ÷ reference), and an axis is logarithmic. One bad run of a skewed metric would else be the mean.</summary>
    Log,
}

/// <summary>What a metric's name says of it.</summary>
/// <param name="Metric">The metric: <c>evaluation/metric</c>, or <see cref="TrainingLoss"/>.</param>
/// <param name="LowerIsBetter">Whether smaller is better.</param>
/// <param name="Scale">The scale of means and differences.</param>
/// <param name="Definition">What it is, in a clause.</param>
internal sealed record MetricTraits(string Metric, bool LowerIsBetter, MetricScale Scale, string Definition)
{
    public const string TrainingLoss = "training/loss";

    private static readonly string[] _smallerIsBetter =
    [
        "loss", "perplexity", "bits_per_byte", "cer", "wer", "ter", "brier", "ece", "invalid", "error"
    ];

    private static readonly Dictionary<string, string> _definitions = new(StringComparer.Ordinal)
    {
        ["exact_match"] = "share of items whose extracted answer is the reference",
        ["digit_match"] = "1 − character edits ÷ characters of the references, over all items; below 0 where answers are much longer than their references",
        ["acc"] = "share of items answered rightly",
        ["acc_norm"] = "share of items answered rightly by log-likelihood per byte of the option",
        ["perplexity"] = "exp of the mean negative log-likelihood of an answer",
        ["word_perplexity"] = "exp of the negative log-likelihood per word, over all texts",
        ["byte_perplexity"] = "exp of the negative log-likelihood per byte, over all texts",
        ["bits_per_byte"] = "negative log-likelihood in bits per byte, over all texts",
        ["loss"] = "cross-entropy in nats per supervised token, mean over the end of training",
    };

    /// <param name="metric">The metric.</param>
    /// <param name="lowerIsBetter">What the sweep says of it; null where its name tells.</param>
    public static MetricTraits Of(string metric, bool? lowerIsBetter = null)
    {
        var name = NameOf(metric);
        return new MetricTraits(
            metric, lowerIsBetter ?? LowerIs(name), name.EndsWith("perplexity", StringComparison.Ordinal) ? MetricScale.Log : MetricScale.Linear,
            _definitions.GetValueOrDefault(name, "as its suite defines it"));
    }

    /// <summary>The evaluation that a metric is of.</summary>
    public static string EvaluationOf(string metric) => metric.Split('/', 2)[0];

    /// <summary>Whether values from 0 to 1 are parts of a whole; losses have no upper end.</summary>
    public bool CanBeShare => Scale == MetricScale.Linear && !NameOf(Metric).EndsWith("loss", StringComparison.Ordinal) && !NameOf(Metric).StartsWith("bits", StringComparison.Ordinal);

    /// <summary>Whether a value of 0 says that nothing was right.</summary>
    public bool CountsSolved => NameOf(Metric) is "exact_match" or "acc" or "acc_norm";

    /// <summary>A value on the scale of means and differences.</summary>
    public double ToScale(double value) => Scale == MetricScale.Log ? Math.Log(value) : value;

    /// <summary>The value that a point of the scale stands for.</summary>
    public double FromScale(double point) => Scale == MetricScale.Log ? Math.Exp(point) : point;

    private static string NameOf(string metric) => metric.Split('/', 2)[^1].Split(',')[0];

    private static bool LowerIs(string name) => _smallerIsBetter.Any(word => name.EndsWith(word, StringComparison.Ordinal));
}
