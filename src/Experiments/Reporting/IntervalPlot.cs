using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>One row of an interval plot.</summary>
/// <param name="Label">Its name; a row without estimate is a heading.</param>
/// <param name="Estimate">Its mean, interval and values.</param>
/// <param name="Css">The class of its colour.</param>
/// <param name="Note">A word at the right.</param>
internal sealed record IntervalRow(string Label, Estimate? Estimate, string Css = "c0", string Note = "");

/// <summary>Means as dots, 95 % intervals as bars, single seeds as small dots.</summary>
internal static class IntervalPlot
{
    private const double RowHeight = 24, Width = 980, Bottom = 30;

    /// <param name="title">For who cannot see the picture.</param>
    /// <param name="rows">From the top down.</param>
    /// <param name="zero">Whether to mark zero (a plot of differences).</param>
    public static string Draw(string title, IReadOnlyList<IntervalRow> rows, bool zero = false)
    {
        var left = Math.Min(340, 16 + rows.Max(r => Svg.WidthOf(r.Label)));
        var right = 24 + rows.Max(r => Svg.WidthOf(r.Note));
        var height = 8 + rows.Count * RowHeight;
        var svg = new Svg(Width, height + Bottom, title);
        var estimates = rows.Select(r => r.Estimate).OfType<Estimate>().ToList();
        var values = estimates.SelectMany(e => e.Values.Concat([e.Low ?? e.Mean, e.High ?? e.Mean]));
        var scale = Scale.Linear(Bounded(estimates, zero ? values.Append(0) : values), left, Width - right);
        foreach (var tick in scale.Ticks)
        {
            svg.Line(scale.At(tick), 4, scale.At(tick), height, zero && tick == 0 ? "zero" : "grid");
            svg.Text(scale.At(tick), height + 18, scale.Label(tick), "tick", "middle");
        }
        foreach (var (row, i) in rows.Select((r, i) => (r, i)))
        {
            var y = 8 + (i + 0.5) * RowHeight;
            if (row.Estimate is not { } estimate)
            {
                svg.Text(0, y + 5, row.Label, "head");
                continue;
            }
            var tip = $"{row.Label}: {Numbers.Value(estimate.Mean)} {Numbers.PlusMinus(estimate)} ({estimate.N} seeds)";
            svg.Text(left - 10, y + 4, row.Label, "label", "end");
            if (estimate is { Low: { } low, High: { } high })
            {
                svg.Line(scale.At(low), y, scale.At(high), y, "bar s-" + row.Css);
                svg.Line(scale.At(low), y - 4, scale.At(low), y + 4, "cap s-" + row.Css);
                svg.Line(scale.At(high), y - 4, scale.At(high), y + 4, "cap s-" + row.Css);
            }
            if (estimate.N > 1) foreach (var value in estimate.Values) svg.Circle(scale.At(value), y, 2.5, "seed f-" + row.Css);
            svg.Circle(scale.At(estimate.Mean), y, 5, "dot f-" + row.Css, tip);
            if (row.Note.Length > 0) svg.Text(Width, y + 4, row.Note, "tick", "end");
        }
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
