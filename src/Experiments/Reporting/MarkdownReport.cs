using System.Text;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The report as Markdown tables.</summary>
internal static class MarkdownReport
{
    private const int MostGroups = 40;

    public static string Write(SweepReport report)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(E(report.Name)).Append("\n\n");
        if (report.Description.Length > 0) text.Append(E(report.Description)).Append("\n\n");
        foreach (var finding in report.Findings) text.Append(E(finding)).Append("\n\n");
        var counts = report.Counts;
        text.Append($"{counts.Succeeded} of {counts.Total} trials done");
        if (counts.Failed > 0) text.Append($", {counts.Failed} failed");
        if (counts.Cancelled > 0) text.Append($", {counts.Cancelled} cancelled");
        if (counts.Waiting + counts.Active > 0) text.Append($", {counts.Waiting + counts.Active} to go");
        if (report.Interrupted) text.Append(" · interrupted: nothing works on what is left");
        text.Append($" · {report.Accounting.Trainings} adapters · {Numbers.Duration(report.Accounting.WallSeconds)}\n\n");
        foreach (var note in report.Notes) text.Append("- ").Append(E(note)).Append('\n');
        foreach (var metric in report.Metrics) Metric(text, metric);
        DataArms(text, report);
        Trials(text, report);
        Hashes(text, report);
        return text.ToString();
    }

    private static void Metric(StringBuilder text, MetricSummary metric)
    {
        text.Append($"\n## {E(metric.Metric)}\n\n{E(HtmlMetrics.About(metric))}\n");
        foreach (var statement in metric.NotCompared.Concat(metric.Interactions.Select(i => Findings.Of(metric, i)))) text.Append($"\n- {E(statement)}\n");
        if (Findings.Unsolved(metric) is { } unsolved) text.Append($"\n{E(unsolved)}\n");
        foreach (var factor in metric.Factors)
            Table(text, [factor.Factor, "mean", "95 % interval", "untuned base"], factor.Levels.Select(l => (IEnumerable<string>)
            [
                l.Name, Numbers.Value(l.Estimate.Mean), Numbers.Interval(l.Estimate), l.BaseMean is { } untuned ? Numbers.Value(untuned) : "",
            ]));
        Comparisons(text, metric, metric.Factors.SelectMany(f => f.Comparisons));
        foreach (var pair in metric.Pairs)
            Table(text, [$"{pair.Rows} × {pair.Columns}", .. pair.ColumnNames], pair.RowNames.Select((name, r) =>
                pair.Cells[r].Select(c => c is null ? "" : Numbers.WithInterval(c)).Prepend(name)));
        var hasLimit = metric.Groups.Any(g => g.AtLimit is not null);
        Table(
            text, ["group", "rank", "mean", "95 % interval", "over", .. hasLimit ? (string[])["at the length limit"] : []],
            metric.Groups.Take(MostGroups).Select(g => (IEnumerable<string>)
            [
                Findings.Label(g), g.Rank is { } rank ? Numbers.Integer(rank) : "", Numbers.Value(g.Estimate.Mean), Numbers.Interval(g.Estimate), Numbers.Over(g.Estimate),
                .. hasLimit ? (string[])[g.AtLimit is { } limit ? Numbers.Percent(limit) : ""] : [],
            ]));
        if (metric.Groups.Count > MostGroups) text.Append($"\n{metric.Groups.Count - MostGroups} more groups are in the JSON report.\n");
        if (metric.Breakdown is { } parts)
            Table(text, ["group", .. parts.Parts.Select(p => $"{p.Name} ({Numbers.Count(p.Items)} items)")],
                parts.Rows.Take(MostGroups).Select(r => r.Estimates.Select(e => e is null ? "" : Numbers.WithInterval(e)).Prepend(r.Group)));
    }

    private static void Comparisons(StringBuilder text, MetricSummary metric, IEnumerable<Comparison> comparisons)
    {
        var all = comparisons.ToList();
        if (all.Count == 0) return;
        Table(text, ["comparison", metric.Scale == MetricScale.Log ? "factor" : "difference", "95 % interval", "over", "p", "p (Holm)"], all.Select(c => (IEnumerable<string>)
        [
            Findings.Of(metric, c) + (metric.Interactions.FirstOrDefault(i => Findings.Concerns(i, c)) is { } by ? $"; depends on {by.By}" : ""),
            Numbers.Difference(metric.Scale, c.Difference), Numbers.Interval(c.Difference), Numbers.Over(c.Difference), Numbers.P(c.P), Numbers.P(c.AdjustedP),
        ]));
    }

    private static void DataArms(StringBuilder text, SweepReport report)
    {
        if (report.DataArms.Count == 0) return;
        text.Append("\n## Data\n");
        var rows = DataArmTable.Of(report.DataArms);
        Table(text, rows[0], rows.Skip(1));
    }

    private static void Trials(StringBuilder text, SweepReport report)
    {
        text.Append("\n## Trials\n");
        var primary = report.PrimaryMetric;
        Table(
            text, ["trial", "state", primary ?? "metric", "loss", "learning rate", "steps", "attempts", "fence"],
            report.Trials.Select(t => (IEnumerable<string>)
        [
            t.Name, Numbers.State(t) + (t.Failure is { } failure ? $": {failure.Kind}, {failure.Message}" : ""),
            primary is not null && t.Metrics.TryGetValue(primary, out var value) ? Numbers.Value(value) : "",
            t.Metrics.TryGetValue(MetricTraits.TrainingLoss, out var loss) ? Numbers.Value(loss) : "",
            t.IsBase ? "untuned" : Numbers.Rate(t.LearningRate), Numbers.Integer(t.Steps), Numbers.Integer(t.Attempts), t.TakenOverFrom is { } other ? $"of {other}" : Numbers.Integer(t.Fence),
        ]));
    }

    private static void Hashes(StringBuilder text, SweepReport report)
    {
        if (report.Hashes.Count == 0) return;
        text.Append("\n## What went in\n");
        Table(text, ["hash of", "SHA-256"], report.Hashes.Select(h => (IEnumerable<string>)[h.Key, h.Value]));
    }

    private static void Table(StringBuilder text, IReadOnlyList<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        text.Append('\n');
        Row(text, head);
        text.Append("| ").AppendJoin(" | ", head.Select(_ => "---")).Append(" |\n");
        foreach (var row in rows) Row(text, row);
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells.Select(c => E(c, startsLine: false))).Append(" |\n");

    /// <summary>
    /// A text that Markdown shows as it is: on one line, with what would be markup escaped. An underscore between letters or digits is none, and names stay
    /// readable.
    /// </summary>
    internal static string E(string text, bool startsLine = true)
    {
        var escaped = new StringBuilder(text.Length + 8);
        var line = text.ReplaceLineEndings(" ");
        for (var i = 0; i < line.Length; i++)
        {
            var inWord = i > 0 && i < line.Length - 1 && char.IsLetterOrDigit(line[i - 1]) && char.IsLetterOrDigit(line[i + 1]);
            if (line[i] switch
            {
                '\\' or '`' or '*' or '[' or ']' or '<' or '|' or '~' or '$' or '&' => true,
                '_' => !inWord,
                '#' or '>' or '-' or '+' or '=' => i == 0 && startsLine,
                '!' => i + 1 < line.Length && line[i + 1] == '[',
                _ => false,
            }) escaped.Append('\\');
            escaped.Append(line[i]);
        }
        return escaped.ToString();
    }
}
