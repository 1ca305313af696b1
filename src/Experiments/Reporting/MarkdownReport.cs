using System.Text;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The report as Markdown: the same facts as the HTML page, in tables.</summary>
internal static class MarkdownReport
{
    private const int MostGroups = 40;

    public static string Write(SweepReport report)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(report.Name).Append("\n\n");
        if (report.Description.Length > 0) text.Append(report.Description).Append("\n\n");
        var counts = report.Counts;
        text.Append($"{counts.Succeeded} of {counts.Total} trials done");
        if (counts.Failed > 0) text.Append($", {counts.Failed} failed");
        if (counts.Cancelled > 0) text.Append($", {counts.Cancelled} cancelled");
        if (counts.Waiting + counts.Active > 0) text.Append($", {counts.Waiting + counts.Active} to go");
        text.Append($" · {report.Accounting.Trainings} adapters · {Numbers.Duration(report.Accounting.WallSeconds)}\n\n");
        if (Sentences.Best(report) is { } best) text.Append(best).Append("\n\n");
        foreach (var note in report.Notes) text.Append("- ").Append(note).Append('\n');
        foreach (var metric in report.Metrics) Metric(text, metric);
        Trials(text, report);
        return text.ToString();
    }

    private static void Metric(StringBuilder text, MetricSummary metric)
    {
        text.Append($"\n## {metric.Metric}{(metric.LowerIsBetter ? " (smaller is better)" : "")}\n");
        foreach (var factor in metric.Factors)
        {
            Table(text, [factor.Factor, "mean", "95 % interval", "difference", "95 % interval", "p", "p (Holm)"], factor.Levels.Select(level =>
            {
                var comparison = factor.Comparisons.FirstOrDefault(c => c.Name == level.Name);
                string[] first = [level.Name, Numbers.Value(level.Estimate.Mean), Interval(level.Estimate)];
                return comparison is null
                    ? first.Concat(["", level == factor.Levels[0] ? "reference" : "", "", ""])
                    : first.Concat([Numbers.Signed(comparison.Difference.Mean), Interval(comparison.Difference), Numbers.P(comparison.P), Numbers.P(comparison.AdjustedP)]);
            }));
        }
        foreach (var pair in metric.Pairs)
            Table(text, [$"{pair.Rows} \\ {pair.Columns}", .. pair.ColumnNames], pair.RowNames.Select((name, r) =>
                pair.Cells[r].Select(c => c is null ? "" : $"{Numbers.Value(c.Mean)} {Numbers.PlusMinus(c)}".TrimEnd()).Prepend(name)));
        Table(
            text, ["group", "mean", "95 % interval", "seeds"],
            metric.Groups.Take(MostGroups)
                .Select(g => (IEnumerable<string>)[g.Group, Numbers.Value(g.Estimate.Mean), Interval(g.Estimate), Numbers.Integer(g.Estimate.N)]));
        if (metric.Groups.Count > MostGroups) text.Append($"\n{metric.Groups.Count - MostGroups} more groups are in the JSON report.\n");
    }

    private static void Trials(StringBuilder text, SweepReport report)
    {
        text.Append("\n## Trials\n");
        var primary = report.PrimaryMetric;
        Table(
            text, ["trial", "state", primary ?? "metric", "loss", "learning rate", "steps", "attempts", "fence"],
            report.Trials.Select(t => (IEnumerable<string>)
        [
            t.Name, Numbers.State(t.Status) + (t.Failure is { } failure ? $": {failure.Kind}, {failure.Message}" : ""),
            primary is not null && t.Metrics.TryGetValue(primary, out var value) ? Numbers.Value(value) : "",
            t.Metrics.TryGetValue("training/loss", out var loss) ? Numbers.Value(loss) : "",
            Numbers.Rate(t.LearningRate), Numbers.Integer(t.Steps), Numbers.Integer(t.Attempts), t.TakenOverFrom is { } other ? $"of {other}" : Numbers.Integer(t.Fence),
        ]));
    }

    private static string Interval(Estimate estimate)
        => estimate is { Low: { } low, High: { } high } ? $"{Numbers.Value(low)} … {Numbers.Value(high)}" : "";

    private static void Table(StringBuilder text, IReadOnlyList<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        text.Append('\n');
        Row(text, head);
        Row(text, head.Select(_ => "---"));
        foreach (var row in rows) Row(text, row);
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells)
        => text.Append("| ").AppendJoin(
            " | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" "))).Append(" |\n");
}
