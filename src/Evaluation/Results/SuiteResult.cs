using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Results;

/// <summary>A metric's value over a suite or one of its cells: a finite number, or none and why.</summary>
/// <param name="Name">The metric, <c>exact_match</c>.</param>
/// <param name="Value">Its value; null where there is no finite one.</param>
/// <param name="StandardError">Its standard error over the questions; null where none is defined.</param>
/// <param name="HigherIsBetter">Whether larger is better.</param>
/// <param name="Filter">The filter it was computed after.</param>
/// <param name="Reason">Why there is no value; null where there is one.</param>
public sealed record MetricResult(string Name, double? Value, double? StandardError, bool HigherIsBetter = true, string Filter = "none", string? Reason = null)
{
    /// <summary>Its value.</summary>
    public double? Value { get; } = Value is { } value && !double.IsFinite(value) ? throw new ArgumentException($"{Name} is {value}", nameof(Value)) : Value;

    /// <summary>Its standard error.</summary>
    public double? StandardError { get; init; } = StandardError is { } error && !double.IsFinite(error) ? null : StandardError;

    /// <summary>Its name and filter as lm-eval writes them; the name alone without a filter.</summary>
    public string Key => Filter == "none" ? Name : $"{Name},{Filter}";
}

/// <summary>A part of a suite with figures of its own: an operation and a number of digits, a subject.</summary>
/// <param name="Name">Its name under the suite, <c>addition_3</c>.</param>
/// <param name="Count">Questions in it.</param>
/// <param name="Metrics">Its metrics.</param>
public sealed record CellResult(string Name, int Count, IReadOnlyList<MetricResult> Metrics);

/// <summary>What a suite found out about a model.</summary>
/// <param name="Suite">The suite's name in results, <c>goat-arithmetic</c>.</param>
/// <param name="Version">Version of its questions and scorers; changes when equal answers would score differently.</param>
/// <param name="FewShot">Worked examples before each question.</param>
/// <param name="Original">Questions there are.</param>
/// <param name="Effective">Questions asked, after the limit.</param>
/// <param name="Metrics">Metrics over all questions.</param>
/// <param name="Cells">Metrics over its parts; empty where it has none.</param>
/// <param name="Samples">A line per question.</param>
/// <param name="Configuration">Its options as they were used.</param>
/// <param name="Prompts">How its prompts fitted the model's positions.</param>
public sealed record SuiteResult(
    string Suite, string Version, int FewShot, int Original, int Effective, IReadOnlyList<MetricResult> Metrics,
    IReadOnlyList<CellResult> Cells, IReadOnlyList<EvaluationSample> Samples, SuiteOptions Configuration, PromptFit Prompts)
{
    /// <summary>Answers that ended because they were as long as an answer may be; null where none are generated.</summary>
    public int? AtLimit { get; init; }

    /// <summary>What the suite's own rows make worth a look, or null.</summary>
    public string? RowsRemark { get; init; }

    /// <summary>What a reader should know before believing the figures, one sentence each.</summary>
    public IReadOnlyList<string> Remarks =>
    [
        .. ((string?[])[Prompts.Remark, RowsRemark]).OfType<string>(),
        .. Metrics.Where(m => m.Reason is not null).Select(m => $"{m.Key} has no value: {m.Reason}"),
    ];

    /// <summary>A metric's value by name.</summary>
    /// <exception cref="EvaluationException">The suite has no such metric, and the message lists those it has; or the metric has no value.</exception>
    public double Metric(string name)
    {
        var metric = Metrics.FirstOrDefault(m => m.Name == name)
            ?? throw new EvaluationException($"{Suite} has no metric '{name}'; it has {string.Join(", ", Metrics.Select(m => m.Name))}");
        return metric.Value ?? throw new EvaluationException($"{Suite}: {name} has no value: {metric.Reason}");
    }

    /// <summary>SHA-256 over the hashes of all samples, lm-eval's <c>task_hashes</c>.</summary>
    public string Hash => PythonJson.Hash(string.Concat(Samples.Select(s => s.DocHash + s.PromptHash + s.TargetHash)));
}
