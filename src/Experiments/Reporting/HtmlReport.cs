using System.Text;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The report as one page: the answer first, then the pictures that carry it, then every number behind them.</summary>
internal static class HtmlReport
{
    public static string Write(SweepReport report, string? folder)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
            .Append("<title>").Append(E(report.Name)).Append("</title>\n<style>\n").Append(HtmlStyle.Css).Append("\n</style></head><body><main>\n");
        Head(page, report);
        if (report.Metrics.FirstOrDefault() is { Groups.Count: > 0 } primary) HtmlMetrics.Primary(page, primary);
        HtmlSamples.Write(page, report);
        HtmlTables.DataArms(page, report);
        Curves(page, report);
        foreach (var metric in report.Metrics.Skip(1).Where(m => m.Groups.Count > 0)) HtmlMetrics.Other(page, metric);
        HtmlTables.Trials(page, report, folder);
        HtmlTables.Packs(page, report);
        HtmlTables.Provenance(page, report);
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
            _ when report.Interrupted => ("warn", "interrupted: nothing works on what is left"),
            _ => ("warn", "running: what is there so far"),
        };
        page.Append($"<header><h1>{E(report.Name)}</h1><span class=\"badge {css}\">{word}</span></header>\n");
        if (report.Description.Length > 0) page.Append($"<p class=\"soft\">{E(report.Description)}</p>\n");
        if (report.Findings.Count > 0) page.Append($"<p class=\"best\">{E(report.Findings[0])}</p>\n");
        if (report.Findings.Count > 1) page.Append($"<ul class=\"findings\">{string.Concat(report.Findings.Skip(1).Select(f => $"<li>{E(f)}</li>"))}</ul>\n");
        page.Append("<div class=\"tiles\">");
        Tile($"{counts.Succeeded} / {counts.Total}", "trials done");
        if (counts.Failed > 0) Tile(Numbers.Integer(counts.Failed), "trials failed");
        Tile(Numbers.Integer(report.Accounting.Trainings), "adapters trained");
        Tile(Numbers.Integer(report.Trials.Where(t => !t.IsBase).Select(t => t.Seed).Distinct().Count()), "seeds");
        Tile(Numbers.Short(report.Accounting.Tokens), "tokens trained on");
        Tile(Numbers.Duration(report.Accounting.WallSeconds), "from start to end");
        page.Append("</div>\n");
        if (report.Notes.Count > 0)
            page.Append($"<section><h2>Before believing it</h2><ul>{string.Concat(report.Notes.Select(n => $"<li>{E(n)}</li>"))}</ul></section>\n");

        void Tile(string value, string label) => page.Append($"<div class=\"tile\"><b>{E(value)}</b><span>{label}</span></div>");
    }

    private static void Curves(StringBuilder page, SweepReport report)
    {
        if (report.Curves.Count == 0) return;
        page.Append("<section><h2>Loss while training</h2><p class=\"soft\">Smoothed; thin lines are seeds, thick ones their mean. Losses of different data are over different tokens: a lower line is no better data.</p>");
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

    private static string E(string text) => Svg.Escape(text);

    private sealed class KindGroup(string key, List<ReportCurve> curves) : IGrouping<string, ReportCurve>
    {
        public string Key => key;

        public IEnumerator<ReportCurve> GetEnumerator() => curves.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
