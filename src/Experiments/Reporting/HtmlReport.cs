using System.Text;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The report as one page: the answer first, then the pictures that carry it, then every number behind them.</summary>
internal static class HtmlReport
{
    private const int MostGroups = 40;

    public static string Write(SweepReport report)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
            .Append("<title>").Append(E(report.Name)).Append("</title>\n<style>\n").Append(HtmlStyle.Css).Append("\n</style></head><body><main>\n");
        Head(page, report);
        if (report.Metrics.FirstOrDefault() is { Groups.Count: > 0 } primary)
        {
            Factors(page, primary);
            Pairs(page, primary);
            Groups(page, primary);
        }
        Curves(page, report);
        foreach (var metric in report.Metrics.Skip(1).Where(m => m.Groups.Count > 0)) OtherMetric(page, metric);
        HtmlTables.Trials(page, report);
        HtmlTables.Accounting(page, report);
        return page.Append("</main></body></html>\n").ToString();
    }

    private static void Head(StringBuilder page, SweepReport report)
    {
        var counts = report.Counts;
        var (css, word) = report.Status switch
        {
            SweepStatus.Completed when counts.Failed > 0 => ("warn", "ended, some trials failed"),
            SweepStatus.Completed => ("good", "completed"),
            SweepStatus.Cancelled => ("warn", "stopped"),
            _ => ("warn", "running"),
        };
        page.Append($"<header><h1>{E(report.Name)}</h1><span class=\"badge {css}\">{word}</span></header>\n");
        if (report.Description.Length > 0) page.Append($"<p class=\"soft\">{E(report.Description)}</p>\n");
        if (Sentences.Best(report) is { } best) page.Append($"<p class=\"best\">{E(best)}</p>\n");
        page.Append("<div class=\"tiles\">");
        Tile($"{counts.Succeeded} / {counts.Total}", "trials done");
        if (counts.Failed > 0) Tile(Numbers.Integer(counts.Failed), "trials failed");
        Tile(Numbers.Integer(report.Accounting.Trainings), "adapters trained");
        Tile(Numbers.Integer(report.Trials.Select(t => t.Seed).Distinct().Count()), "seeds");
        Tile(Numbers.Short(report.Accounting.Tokens), "tokens trained on");
        Tile(Numbers.Duration(report.Accounting.WallSeconds), "from start to end");
        page.Append("</div>\n");

        void Tile(string value, string label) => page.Append($"<div class=\"tile\"><b>{E(value)}</b><span>{label}</span></div>");
    }

    private static void Factors(StringBuilder page, MetricSummary metric)
    {
        if (metric.Factors.Count == 0) return;
        page.Append($"<section><h2>What each factor does</h2><p class=\"soft\">{E(metric.Metric)}{(metric.LowerIsBetter ? ", smaller is better" : "")}: mean over all other factors, with its 95 % interval over seeds; small dots are single seeds.</p>\n");
        var rows = new List<IntervalRow>();
        foreach (var (factor, f) in metric.Factors.Select((factor, f) => (factor, f)))
        {
            rows.Add(new IntervalRow(factor.Factor + (factor.Balanced ? "" : " (incomplete)"), null));
            rows.AddRange(factor.Levels.Select(l => new IntervalRow(l.Name, l.Estimate, $"c{f}", Numbers.Value(l.Estimate.Mean))));
        }
        page.Append($"<figure>{IntervalPlot.Draw("marginal means", rows)}</figure>\n");
        var comparisons = metric.Factors.SelectMany((factor, f) => factor.Comparisons.Select(c => (c, f))).ToList();
        if (comparisons.Count > 0)
        {
            page.Append("<h3>Differences, other things being equal</h3><p class=\"soft\">Each value against the first of its axis, cell by cell and seed by seed. p is of the paired t test over seeds; Holm's correction counts all lines.</p>\n");
            page.Append($"<figure>{IntervalPlot.Draw("paired differences", [.. comparisons.Select(c => new IntervalRow($"{c.c.Name} − {c.c.Reference}", c.c.Difference, $"c{c.f}", Numbers.Signed(c.c.Difference.Mean)))], zero: true)}</figure>\n");
            HtmlTables.Comparisons(page, comparisons.Select(c => c.c), metric.LowerIsBetter);
        }
        page.Append("</section>\n");
    }

    private static void Pairs(StringBuilder page, MetricSummary metric)
    {
        if (metric.Pairs.Count == 0) return;
        page.Append($"<section><h2>Two factors at a time</h2><p class=\"soft\">{E(metric.Metric)}, mean over everything else; deeper is better.</p><div class=\"charts\">\n");
        foreach (var pair in metric.Pairs)
            page.Append($"<figure><figcaption>{E(pair.Rows)} × {E(pair.Columns)}</figcaption>{HeatMap.Draw(pair, metric)}</figure>\n");
        page.Append("</div></section>\n");
    }

    private static void Groups(StringBuilder page, MetricSummary metric)
    {
        var tied = metric.TiedWithBest.ToHashSet(StringComparer.Ordinal);
        page.Append($"<section><h2>Every combination</h2><p class=\"soft\">{E(metric.Metric)}, best first. Green: the best, and those that cannot be told from it (the 95 % interval of the paired difference over seeds holds zero).</p>\n");
        var rows = metric.Groups.Take(MostGroups)
            .Select((g, i) => new IntervalRow(g.Group, g.Estimate, i == 0 || tied.Contains(g.Group) ? "c0" : "tied", Numbers.Value(g.Estimate.Mean)))
                .ToList();
        page.Append($"<figure>{IntervalPlot.Draw("groups", rows)}</figure>\n");
        if (metric.Groups.Count > MostGroups) page.Append($"<p class=\"soft\">{metric.Groups.Count - MostGroups} more are in the JSON report.</p>\n");
        page.Append("</section>\n");
    }

    private static void Curves(StringBuilder page, SweepReport report)
    {
        if (report.Curves.Count == 0) return;
        page.Append("<section><h2>Loss while training</h2><p class=\"soft\">Smoothed; thin lines are seeds, thick ones their mean.</p>");
        // One order of kinds for all charts, so that a colour means the same thing in each.
        var kinds = report.Curves.Select(Kind).Distinct(StringComparer.Ordinal).ToList();
        page.Append("<div class=\"legend\">");
        foreach (var (kind, i) in kinds.Select((k, i) => (k, i)))
            page.Append($"<span><i style=\"background:var(--c{i % CurveChart.Colours})\"></i>{E(kind)}{(i >= CurveChart.Colours ? " (dashed)" : "")}</span>");
        page.Append("</div><div class=\"charts\">\n");
        foreach (var model in report.Curves.GroupBy(c => c.Model))
        {
            var groups = kinds.Select(k => (IGrouping<string, ReportCurve>)new KindGroup(k, [.. model.Where(c => Kind(c) == k)])).ToList();
            page.Append($"<figure><figcaption>{E(model.Key)}</figcaption>{CurveChart.Draw("loss of " + model.Key, groups)}</figure>\n");
        }
        page.Append("</div></section>\n");

        static string Kind(ReportCurve curve) => $"{curve.Peft} · {curve.Data}";
    }

    private static void OtherMetric(StringBuilder page, MetricSummary metric)
    {
        page.Append($"<section><h2>{E(metric.Metric)}</h2><p class=\"soft\">{(metric.LowerIsBetter ? "Smaller is better. " : "")}Marginal means with 95 % intervals over seeds, and every combination.</p>\n");
        var rows = new List<IntervalRow>();
        foreach (var (factor, f) in metric.Factors.Select((factor, f) => (factor, f)))
        {
            rows.Add(new IntervalRow(factor.Factor, null));
            rows.AddRange(factor.Levels.Select(l => new IntervalRow(l.Name, l.Estimate, $"c{f}", Numbers.Value(l.Estimate.Mean))));
        }
        if (rows.Count > 0) page.Append($"<figure>{IntervalPlot.Draw("marginal means", rows)}</figure>\n");
        page.Append("<details><summary>Combinations</summary>");
        HtmlTables.Groups(page, metric);
        page.Append("</details></section>\n");
    }

    internal static string E(string text) => Svg.Escape(text);

    private sealed class KindGroup(string key, List<ReportCurve> curves) : IGrouping<string, ReportCurve>
    {
        public string Key => key;

        public IEnumerator<ReportCurve> GetEnumerator() => curves.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
