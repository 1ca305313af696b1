using System.Text.Json.Nodes;

namespace AlpacaCot.Evaluation;

/// <summary>A metric's value over a suite or one of its cells.</summary>
/// <param name="Name">The metric, <c>exact_match</c>.</param>
/// <param name="Value">Its value.</param>
/// <param name="StandardError">Its standard error over the questions; null where none is defined.</param>
/// <param name="HigherIsBetter">Whether larger is better.</param>
/// <param name="Filter">The filter it was computed after.</param>
public sealed record MetricResult(string Name, double Value, double? StandardError, bool HigherIsBetter = true, string Filter = "none");

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
public sealed record SuiteResult(
    string Suite, string Version, int FewShot, int Original, int Effective, IReadOnlyList<MetricResult> Metrics,
    IReadOnlyList<CellResult> Cells, IReadOnlyList<EvaluationSample> Samples, JsonObject Configuration)
{
    /// <summary>A metric's value by name.</summary>
    /// <exception cref="EvaluationException">The suite has no such metric; the message lists those it has.</exception>
    public double Metric(string name)
        => Metrics.FirstOrDefault(m => m.Name == name)?.Value
        ?? throw new EvaluationException($"{Suite} has no metric '{name}'; it has {string.Join(", ", Metrics.Select(m => m.Name))}");

    /// <summary>SHA-256 over the hashes of all samples, lm-eval's <c>task_hashes</c>.</summary>
    public string Hash => PythonJson.Hash(string.Concat(Samples.Select(s => s.DocHash + s.PromptHash + s.TargetHash)));
}
