using System.Text;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>The page's sections about metrics: factors, pairs of them, groups and parts.</summary>
internal static class HtmlMetrics
{
    private const int MostGroups = 40;

    /// <summary>The metric that the sweep is judged by, in full.</summary>
    public static void Primary(StringBuilder page, MetricSummary metric)
    {
        Factors(page, metric);
        Pairs(page, metric);
        page.Append($"<section><h2>Every combination</h2><p class=\"soft\">{E(About(metric))}</p>\n");
        Groups(page, metric);
        page.Append("<details><summary>As a table</summary>");
        HtmlTables.Groups(page, metric);
        if (metric.AgainstBase.Count > 0)
        {
            page.Append("<h3>Against the untuned base that is asked in the same way</h3>");
            HtmlTables.Comparisons(page, metric, metric.AgainstBase);
        }
        page.Append("</details></section>\n");
        HtmlTables.Breakdown(page, metric);
    }

    /// <summary>A further metric, in short.</summary>
    public static void Other(StringBuilder page, MetricSummary metric)
    {
        page.Append($"<section><h2>{E(metric.Metric)}</h2><p class=\"soft\">{E(About(metric))}</p>\n");
        Statements(page, [.. Findings.Unsolved(metric) is { } unsolved ? (string[])[unsolved] : [], .. metric.NotCompared, .. metric.Interactions.Select(i => Findings.Of(metric, i))]);
        Levels(page, metric);
        var comparisons = metric.Factors.SelectMany(f => f.Comparisons).ToList();
        if (comparisons.Count > 0) HtmlTables.Comparisons(page, metric, comparisons);
        page.Append("<details><summary>Combinations</summary>");
        HtmlTables.Groups(page, metric);
        page.Append("</details></section>\n");
        HtmlTables.Breakdown(page, metric);
    }

    /// <summary>What the metric is, over what, and which way it goes.</summary>
    public static string About(MetricSummary metric)
        => $"{metric.Metric}: {metric.Definition}{(metric.Items > 0 ? $", over {Numbers.Count(metric.Items)} items" : "")}; {(metric.LowerIsBetter ? "smaller" : "larger")} is better."
            + (metric.Scale == MetricScale.Log ? " On a logarithmic scale: means are geometric, differences are factors." : "");

    private static void Factors(StringBuilder page, MetricSummary metric)
    {
        if (metric.Factors.Count == 0 && metric.NotCompared.Count == 0) return;
        page.Append($"<section><h2>What each factor does</h2><p class=\"soft\">{E(About(metric))} Mean over all other factors with its 95 % interval; small dots are single seeds{(metric.BaseVerdicts.Count > 0 ? ", the dashed line is the untuned base" : "")}.</p>\n");
        Statements(page, metric.NotCompared);
        Levels(page, metric);
        var comparisons = metric.Factors.SelectMany((factor, f) => factor.Comparisons.Select(c => (c, f))).ToList();
        if (comparisons.Count > 0)
        {
            page.Append("<h3>Differences, other things being equal</h3><p class=\"soft\">Each value against the first of its axis and against the untuned base, cell by cell, seed by seed and item by item. Holm's correction counts all lines; a line in bold can be told from no difference after it, and one that depends on another factor never is bold.</p>\n");
            var rows = comparisons.Select(c => new IntervalRow($"{c.c.Name} {(metric.Scale == MetricScale.Log ? "÷" : "−")} {c.c.Reference}", c.c.Difference, $"c{c.f}", Numbers.Difference(metric.Scale, c.c.Difference))).ToList();
            page.Append($"<figure>{IntervalPlot.Draw("paired differences", rows, metric.Scale, metric.Scale == MetricScale.Log ? 1 : 0)}</figure>\n");
            HtmlTables.Comparisons(page, metric, comparisons.Select(c => c.c));
        }
        HtmlTables.Interactions(page, metric);
        page.Append("</section>\n");
    }

    private static void Levels(StringBuilder page, MetricSummary metric)
    {
        var rows = new List<IntervalRow>();
        foreach (var (factor, f) in metric.Factors.Select((factor, f) => (factor, f)))
        {
            rows.Add(new IntervalRow(factor.Factor + (factor.Balanced ? "" : " (incomplete)"), null));
            rows.AddRange(factor.Levels.Select(l => new IntervalRow(l.Name, l.Estimate, $"c{f}", Numbers.Value(l.Estimate.Mean), l.BaseMean)));
        }
        if (rows.Count > 0) page.Append($"<figure>{IntervalPlot.Draw($"{metric.Metric}: marginal means", rows, metric.Scale)}</figure>\n");
    }

    private static void Pairs(StringBuilder page, MetricSummary metric)
    {
        if (metric.Pairs.Count == 0) return;
        page.Append($"<section><h2>Two factors at a time</h2><p class=\"soft\">{E(metric.Metric)}, mean over everything else, with 95 % intervals; deeper is better, on one scale for all.</p><div class=\"charts\">\n");
        foreach (var pair in metric.Pairs)
            page.Append($"<figure><figcaption>{E(pair.Rows)} × {E(pair.Columns)}</figcaption>{HeatMap.Draw(pair, metric)}</figure>\n");
        page.Append("</div></section>\n");
    }

    private static void Groups(StringBuilder page, MetricSummary metric)
    {
        var tied = metric.TiedWithBest.ToHashSet(StringComparer.Ordinal);
        var isRanked = metric.Groups[0].Rank is not null && tied.Count < metric.Groups.Count - 1;
        if (isRanked) page.Append("<p class=\"soft\">Green: the best, and those that cannot be told from it after Holm's correction over all groups. Untuned bases are marked; the dashed line is the one that is asked as the group is.</p>\n");
        else if (metric.Groups.Count > 1) page.Append("<p class=\"soft\">No group can be told to be the best.</p>\n");
        var rows = metric.Groups.Take(MostGroups)
            .Select((g, i) => new IntervalRow(Findings.Label(g), g.Estimate, isRanked && (i == 0 || tied.Contains(g.Group)) ? "c0" : "tied", Numbers.Value(g.Estimate.Mean), g.BaseMean))
            .ToList();
        page.Append($"<figure>{IntervalPlot.Draw("groups", rows, metric.Scale)}</figure>\n");
        if (metric.Groups.Count > MostGroups) page.Append($"<p class=\"soft\">{metric.Groups.Count - MostGroups} more are in the table and in the JSON report.</p>\n");
    }

    private static void Statements(StringBuilder page, IReadOnlyList<string> statements)
    {
        if (statements.Count > 0) page.Append($"<ul>{string.Concat(statements.Select(s => $"<li>{E(s)}</li>"))}</ul>\n");
    }

    private static string E(string text) => Svg.Escape(text);
}
