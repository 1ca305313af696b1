using System.Text;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The page's tables.</summary>
internal static class HtmlTables
{
    private const double Sure = 0.05;
    private const int MostTrials = 1000;

    public static void Comparisons(StringBuilder page, IEnumerable<Comparison> comparisons, bool lowerIsBetter)
    {
        Open(page, "comparison", "difference", "95 % interval", "seeds", "cells", "p", "p (Holm)");
        foreach (var c in comparisons)
            Row(
                page, c.AdjustedP < Sure ? "sure" : "", Sentences.Of(c, lowerIsBetter), Numbers.Signed(c.Difference.Mean), Interval(c.Difference),
                Numbers.Integer(c.Difference.N), Numbers.Integer(c.Cells), Numbers.P(c.P), Numbers.P(c.AdjustedP));
        Close(page);
    }

    public static void Groups(StringBuilder page, MetricSummary metric)
    {
        Open(page, "group", "mean", "95 % interval", "sd", "seeds");
        foreach (var g in metric.Groups)
            Row(
                page, "", g.Group, Numbers.Value(g.Estimate.Mean), Interval(g.Estimate),
                g.Estimate.StandardDeviation is { } sd ? Numbers.Value(sd) : "", Numbers.Integer(g.Estimate.N));
        Close(page);
    }

    public static void Trials(StringBuilder page, SweepReport report)
    {
        var metrics = report.Metrics.Select(m => m.Metric).Take(6).ToList();
        page.Append("<section><h2>Every trial</h2><p class=\"soft\">Trials that differ only in how they are asked share one adapter.</p>\n");
        Open(page, ["trial", "state", .. metrics, "learning rate", "steps", "shared by", "pack", "attempts", "fence", "train", "evaluate"]);
        foreach (var t in report.Trials.Take(MostTrials))
        {
            var css = t.Status switch { TrialStatus.Succeeded => "good", TrialStatus.Failed => "bad", _ => "warn" };
            page.Append($"<tr><td>{E(t.Name)}</td><td class=\"{css}\">{Numbers.State(t.Status)}</td>");
            foreach (var metric in metrics) Cell(t.Metrics.TryGetValue(metric, out var value) ? Numbers.Value(value) : "");
            page.Append($"<td title=\"{ReportBuilder.Words(t.LearningRateSource)}\">{Numbers.Rate(t.LearningRate)}</td>");
            Cell(Numbers.Integer(t.Steps));
            Cell(Numbers.Integer(t.SharedBy));
            Cell(Numbers.Integer(t.Pack));
            Cell(Numbers.Integer(t.Attempts));
            Cell(t.TakenOverFrom is { } other ? $"of {other}" : Numbers.Integer(t.Fence));
            Cell(t.TrainingSeconds > 0 ? Numbers.Duration(t.TrainingSeconds) : "");
            Cell(t.EvaluationSeconds > 0 ? Numbers.Duration(t.EvaluationSeconds) : "");
            page.Append("</tr>\n");
            if (t.Failure is { } failure)
                page.Append($"<tr><td></td><td class=\"words bad\" colspan=\"{metrics.Count + 9}\">{failure.Kind}: {E(failure.Message)}</td></tr>\n");
        }
        Close(page);
        if (report.Trials.Count > MostTrials) page.Append($"<p class=\"soft\">{report.Trials.Count - MostTrials} more are in the JSON report.</p>");
        page.Append("</section>\n");

        void Cell(string text) => page.Append("<td>").Append(E(text)).Append("</td>");
    }

    public static void Accounting(StringBuilder page, SweepReport report)
    {
        var a = report.Accounting;
        page.Append("<section><h2>How it ran</h2><ul>\n");
        foreach (var note in report.Notes) Item(note);
        Item($"{a.Packs} packs were started {a.Starts} times; the last fence is {a.LastFence}. Reports turned away as stale: {a.StaleReports}; doubled: {a.DuplicateReports}. Trials taken over from other sweeps: {a.FromCache}.");
        Item($"Training took {Numbers.Duration(a.TrainingSeconds)} over all adapters, evaluation {Numbers.Duration(a.EvaluationSeconds)} over all trials; {Numbers.Duration(a.WallSeconds)} passed from start to end.");
        Item(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Begun {report.StartedAt.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC, ended {report.EndedAt.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC."));
        page.Append("</ul>\n");
        if (report.Environment.Count > 0)
        {
            Open(page, "environment", "");
            foreach (var (key, value) in report.Environment) page.Append($"<tr><td>{E(key)}</td><td class=\"words\">{E(value)}</td></tr>\n");
            Close(page);
        }
        page.Append($"<details><summary>The sweep file, with every default</summary><pre>{E(report.Spec)}</pre></details></section>\n");

        void Item(string text) => page.Append("<li>").Append(E(text)).Append("</li>\n");
    }

    private static string Interval(Estimate estimate)
        => estimate is { Low: { } low, High: { } high } ? $"{Numbers.Value(low)} … {Numbers.Value(high)}" : "";

    private static void Open(StringBuilder page, params IEnumerable<string> head)
    {
        page.Append("<div class=\"scroll\"><table><thead><tr>");
        foreach (var cell in head) page.Append("<th>").Append(E(cell).Replace("/", "/<wbr>", StringComparison.Ordinal)).Append("</th>");
        page.Append("</tr></thead><tbody>\n");
    }

    private static void Row(StringBuilder page, string css, params IEnumerable<string> cells)
    {
        page.Append(css.Length > 0 ? $"<tr class=\"{css}\">" : "<tr>");
        foreach (var cell in cells) page.Append("<td>").Append(E(cell)).Append("</td>");
        page.Append("</tr>\n");
    }

    private static void Close(StringBuilder page) => page.Append("</tbody></table></div>\n");

    private static string E(string text) => Svg.Escape(text);
}
