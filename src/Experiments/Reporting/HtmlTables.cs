using System.Globalization;
using System.Text;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The page's tables.</summary>
internal static class HtmlTables
{
    private const int MostTrials = 1000;

    public static void Comparisons(StringBuilder page, MetricSummary metric, IEnumerable<Comparison> comparisons)
    {
        Open(page, "comparison", metric.Scale == MetricScale.Log ? "factor" : "difference", "95 % interval", "over", "cells", "p", "p (Holm)");
        foreach (var c in comparisons)
        {
            var depends = metric.Interactions.Where(i => Findings.Concerns(i, c)).Select(i => i.By).ToList();
            Row(
                page, c.IsTold && depends.Count == 0 ? "sure" : "", Findings.Of(metric, c) + (depends.Count > 0 ? $"; depends on {string.Join(", ", depends)}" : ""),
                Numbers.Difference(metric.Scale, c.Difference), Numbers.Interval(c.Difference), Numbers.Over(c.Difference), Numbers.Integer(c.Cells), Numbers.P(c.P), Numbers.P(c.AdjustedP));
        }
        Close(page);
    }

    public static void Interactions(StringBuilder page, MetricSummary metric)
    {
        if (metric.Interactions.Count == 0) return;
        page.Append("<h3>Differences that depend on another factor</h3>\n");
        foreach (var interaction in metric.Interactions)
        {
            page.Append($"<p>{E(Findings.Of(metric, interaction))} <span class=\"soft\">p of one difference for all: {Numbers.P(interaction.P)}, after Holm's correction {Numbers.P(interaction.AdjustedP)}.</span></p>\n");
            Open(page, $"{interaction.Name} against {interaction.Reference}, with {interaction.By}", metric.Scale == MetricScale.Log ? "factor" : "difference", "95 % interval", "over", "p");
            foreach (var e in interaction.Effects) Row(page, "", e.Level, Numbers.Difference(metric.Scale, e.Difference), Numbers.Interval(e.Difference), Numbers.Over(e.Difference), Numbers.P(e.P));
            Close(page);
        }
    }

    public static void Groups(StringBuilder page, MetricSummary metric)
    {
        var hasLimit = metric.Groups.Any(g => g.AtLimit is not null);
        Open(page, ["group", "rank", "mean", "95 % interval", "sd over seeds", "over", "untuned base", .. hasLimit ? (string[])["at the length limit"] : []]);
        foreach (var g in metric.Groups)
            Row(
                page, "",
                [
                    Findings.Label(g), g.Rank is { } rank ? Numbers.Integer(rank) : "", Numbers.Value(g.Estimate.Mean), Numbers.Interval(g.Estimate),
                    g.Estimate.StandardDeviation is { } sd ? Numbers.Value(sd) : "", Numbers.Over(g.Estimate), g.BaseMean is { } untuned ? Numbers.Value(untuned) : "",
                    .. hasLimit ? (string[])[g.AtLimit is { } limit ? Numbers.Percent(limit) : ""] : [],
                ]);
        Close(page);
    }

    public static void Breakdown(StringBuilder page, MetricSummary metric)
    {
        if (metric.Breakdown is not { } parts) return;
        page.Append($"<section><h2>Parts of {E(MetricTraits.EvaluationOf(metric.Metric))}</h2><p class=\"soft\">{E(metric.Metric)} over each part's items, with 95 % intervals.</p>\n");
        Open(page, ["group", .. parts.Parts.Select(p => $"{p.Name} ({Numbers.Count(p.Items)} items)")]);
        foreach (var row in parts.Rows) Row(page, "", [row.Group, .. row.Estimates.Select(e => e is null ? "" : Numbers.WithInterval(e))]);
        Close(page);
        page.Append("</section>\n");
    }

    public static void DataArms(StringBuilder page, SweepReport report)
    {
        if (report.DataArms.Count == 0) return;
        page.Append("<section><h2>What each data mix became</h2><p class=\"soft\">Arms that differ in more than their names say cannot be compared for that alone: look at rows, tokens and what was cut.</p>\n");
        var rows = DataArmTable.Of(report.DataArms);
        page.Append("<div class=\"arms\">");
        Open(page, rows[0]);
        foreach (var row in rows.Skip(1)) Row(page, "", row);
        Close(page);
        page.Append("</div></section>\n");
    }

    public static void Trials(StringBuilder page, SweepReport report, string? folder)
    {
        var metrics = report.Metrics.Select(m => m.Metric).Take(6).ToList();
        page.Append("<section><h2>Every trial</h2><p class=\"soft\">Trials that differ only in how they are asked share one adapter.</p>\n");
        Open(page, ["trial", "state", .. metrics, "learning rate", "steps", "shared by", "pack", "attempts", "fence", "evaluate", "files"]);
        foreach (var t in report.Trials.Take(MostTrials))
        {
            var css = t.Status switch { TrialStatus.Succeeded => "good", TrialStatus.Failed => "bad", _ => "warn" };
            page.Append($"<tr><td>{E(t.Name)}</td><td class=\"{css}\">{Numbers.State(t)}</td>");
            foreach (var metric in metrics) Cell(t.Metrics.TryGetValue(metric, out var value) ? Numbers.Value(value) : "");
            if (t.IsBase) page.Append("<td colspan=\"6\" class=\"soft\">untuned</td>");
            else
            {
                page.Append($"<td title=\"{ReportNotes.Words(t.LearningRateSource)}\">{Numbers.Rate(t.LearningRate)}</td>");
                Cell(Numbers.Integer(t.Steps));
                Cell(Numbers.Integer(t.SharedBy));
                Cell(Numbers.Integer(t.Pack));
                Cell(Numbers.Integer(t.Attempts));
                Cell(t.TakenOverFrom is { } other ? $"of {other}" : Numbers.Integer(t.Fence));
            }
            Cell(t.EvaluationSeconds > 0 ? Numbers.Duration(t.EvaluationSeconds) : "");
            page.Append("<td class=\"links\">").AppendJoin(' ', t.Files.Select(f => Link(f, folder))).Append("</td></tr>\n");
            if (t.Failure is { } failure)
                page.Append($"<tr><td></td><td class=\"words bad\" colspan=\"{metrics.Count + 9}\">{failure.Kind}: {E(failure.Message)}</td></tr>\n");
        }
        Close(page);
        if (report.Trials.Count > MostTrials) page.Append($"<p class=\"soft\">{report.Trials.Count - MostTrials} more are in the JSON report.</p>");
        page.Append("</section>\n");

        void Cell(string text) => page.Append("<td>").Append(E(text)).Append("</td>");
    }

    public static void Packs(StringBuilder page, SweepReport report)
    {
        if (report.Packs.Count == 0) return;
        page.Append("<section><h2>What trained together</h2><p class=\"soft\">The trainings of a pack share one pass over their base; the time is theirs in common and counted once.</p>\n");
        Open(page, "pack", "trainings", "slot", "starts", "time", "tokens", "tokens a second");
        foreach (var p in report.Packs)
            Row(
                page, "", Numbers.Integer(p.Pack), string.Join(", ", p.Trainings), p.Slot ?? "", Numbers.Integer(p.Starts), p.Seconds > 0 ? Numbers.Duration(p.Seconds) : "",
                Numbers.Short(p.Tokens), p.Seconds > 0 ? Numbers.Short((long)(p.Tokens / p.Seconds)) : "");
        Close(page);
        page.Append("</section>\n");
    }

    public static void Provenance(StringBuilder page, SweepReport report)
    {
        var a = report.Accounting;
        page.Append("<section><h2>How it ran</h2><ul>\n");
        Item($"{a.Packs} packs were started {a.Starts} times; the last fence is {a.LastFence}. Reports turned away as stale: {a.StaleReports}; doubled: {a.DuplicateReports}. Trials taken over from other sweeps: {a.FromCache}.");
        Item($"Training took {Numbers.Duration(a.TrainingSeconds)} over all packs, evaluation {Numbers.Duration(a.EvaluationSeconds)} over all trials; {Numbers.Duration(a.WallSeconds)} passed from start to end.");
        Item(string.Create(CultureInfo.InvariantCulture, $"Begun {report.StartedAt.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC, ended {report.EndedAt.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC."));
        page.Append("</ul>\n");
        Pairs(page, "environment", report.Environment);
        Pairs(page, "hash of", report.Hashes);
        page.Append($"<details><summary>The sweep file, with every default</summary><pre>{E(report.Spec)}</pre></details></section>\n");

        void Item(string text) => page.Append("<li>").Append(E(text)).Append("</li>\n");
    }

    private static void Pairs(StringBuilder page, string head, IReadOnlyDictionary<string, string> values)
    {
        if (values.Count == 0) return;
        Open(page, head, "");
        foreach (var (key, value) in values) page.Append($"<tr><td>{E(key)}</td><td class=\"words\">{E(value)}</td></tr>\n");
        Close(page);
    }

    /// <summary>A link that works wherever the report's folder is moved to with what lies in it; what lies elsewhere is named.</summary>
    private static string Link(ReportFile file, string? folder)
    {
        var text = E(file.Of.Length > 0 && file.Kind != "adapter" ? $"{file.Kind} of {file.Of}" : file.Kind);
        if (folder is null) return $"<span title=\"{E(file.Path)}\">{text}</span>";
        var parts = Path.GetRelativePath(folder, Path.GetFullPath(file.Path, folder)).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString);
        return $"<a href=\"{E("./" + string.Join('/', parts))}\">{text}</a>";
    }

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
