using System.Text;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>One row of an interval plot.</summary>
/// <param name="Label">Its name; a row without estimate is a heading.</param>
/// <param name="Estimate">Its mean, interval and values.</param>
/// <param name="Css">The class of its colour.</param>
/// <param name="Note">A word at the right.</param>
/// <param name="Base">The untuned base's mean, drawn as a dashed line; null where there is none.</param>
internal sealed record IntervalRow(string Label, Estimate? Estimate, string Css = "c0", string Note = "", double? Base = null);

/// <summary>Means as dots, 95 % intervals as bars, single seeds as small dots, the untuned base as a dashed line. A row of the page's grid each, so that it fits every width.</summary>
internal static class IntervalPlot
{
    private const double RowHeight = 24;

    /// <param name="title">For who cannot see the picture.</param>
    /// <param name="rows">From the top down.</param>
    /// <param name="scale">The metric's scale.</param>
    /// <param name="none">The value of no difference, to be marked (a plot of differences); null for a plot of values.</param>
    public static string Draw(string title, IReadOnlyList<IntervalRow> rows, MetricScale scale = MetricScale.Linear, double? none = null)
    {
        var estimates = rows.Select(r => r.Estimate).OfType<Estimate>().ToList();
        var values = estimates.SelectMany(e => e.Values.Concat([e.Mean, e.Low ?? e.Mean, e.High ?? e.Mean]));
        var marked = rows.Select(r => r.Base).Append(none).OfType<double>();
        var axis = Scale.Of(scale, scale == MetricScale.Log ? values.Concat(marked) : Bounded(estimates, values).Concat(marked));
        var text = new StringBuilder($"<div class=\"plot\" role=\"img\" data-scale=\"{(axis.IsLog ? "log" : "linear")}\" aria-label=\"{Svg.Escape(title)}\">");
        foreach (var row in rows)
            if (row.Estimate is null) text.Append($"<div class=\"prow\"><span class=\"head\">{Svg.Escape(row.Label)}</span></div>");
            else text.Append($"<div class=\"prow\"><span class=\"name\">{Svg.Escape(row.Label)}</span>{Track(row, row.Estimate, axis, none)}<span class=\"note\">{Svg.Escape(row.Note)}</span></div>");
        var ticks = new Svg(Length.Share(1), 20, "track axis");
        foreach (var tick in axis.Ticks) ticks.Text(Length.Share(axis.At(tick)), 14, axis.Label(tick), "tick x", "middle");
        return text.Append($"<div class=\"prow\"><span class=\"name\"></span>{ticks.End()}<span class=\"note\"></span></div></div>").ToString();
    }

    private static string Track(IntervalRow row, Estimate estimate, Scale axis, double? none)
    {
        const double Middle = RowHeight / 2;
        var svg = new Svg(Length.Share(1), RowHeight, "track");
        Length X(double value) => Length.Share(axis.At(value));
        foreach (var tick in axis.Ticks) svg.Line(X(tick), 0, X(tick), RowHeight, tick == none ? "zero" : "grid");
        if (row.Base is { } untuned) svg.Line(X(untuned), 0, X(untuned), RowHeight, "base");
        if (estimate is { Low: { } low, High: { } high })
        {
            svg.Line(X(low), Middle, X(high), Middle, "bar s-" + row.Css);
            svg.Line(X(low), Middle - 4, X(low), Middle + 4, "cap s-" + row.Css);
            svg.Line(X(high), Middle - 4, X(high), Middle + 4, "cap s-" + row.Css);
        }
        if (estimate.N > 1) foreach (var value in estimate.Values) svg.Circle(X(value), Middle, 2.5, "seed f-" + row.Css);
        svg.Circle(X(estimate.Mean), Middle, 5, "dot f-" + row.Css, $"{row.Label}: {Numbers.WithInterval(estimate)}, {Numbers.Over(estimate)}{(row.Base is { } b ? $"; untuned base {Numbers.Value(b)}" : "")}");
        return svg.End();
    }

    /// <summary>
    /// With two seeds one interval can be a hundred times wider than all values; the axis then ends a few spreads beyond the values, and bars run out
    /// of it.
    /// </summary>
    private static IEnumerable<double> Bounded(List<Estimate> estimates, IEnumerable<double> values)
    {
        if (estimates.Count == 0) return values;
        double low = estimates.Min(e => e.Values.Min()), high = estimates.Max(e => e.Values.Max());
        var room = 3 * Math.Max(high - low, Math.Abs(high) * 0.05 + 1e-9);
        return values.Select(v => Math.Clamp(v, low - room, high + room));
    }
}
