using System.Globalization;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>A metric over two factors: one coloured cell for each combination.</summary>
internal static class HeatMap
{
    private const double CellWidth = 112, CellHeight = 46, Gap = 3, Top = 46;

    // One hue from pale to deep, so that more is darker in print too.
    private static readonly (double R, double G, double B)[] Ramp = [(237, 246, 244), (166, 217, 205), (77, 165, 160), (28, 107, 121), (12, 52, 79)];

    public static string Draw(PairSummary pair, MetricSummary metric)
    {
        var left = Math.Max(60, 14 + pair.RowNames.Max(Svg.WidthOf));
        var width = left + pair.ColumnNames.Count * CellWidth;
        var means = pair.Cells.SelectMany(r => r).OfType<Estimate>().Select(e => e.Mean).ToList();
        double low = means.Min(), high = means.Max();
        var svg = new Svg(width, Top + pair.RowNames.Count * CellHeight + 4, $"{metric.Metric} by {pair.Rows} and {pair.Columns}");
        svg.Text(left, 14, pair.Columns, "tick");
        svg.Text(0, Top - 8, pair.Rows, "tick");
        for (var c = 0; c < pair.ColumnNames.Count; c++)
            svg.Text(left + (c + 0.5) * CellWidth, Top - 10, Fit(pair.ColumnNames[c], CellWidth - 6), "label", "middle");
        for (var r = 0; r < pair.RowNames.Count; r++)
        {
            var y = Top + r * CellHeight;
            svg.Text(left - 10, y + CellHeight / 2 + 3, pair.RowNames[r], "label", "end");
            for (var c = 0; c < pair.ColumnNames.Count; c++)
            {
                var x = left + c * CellWidth;
                if (pair.Cells[r][c] is not { } estimate)
                {
                    svg.Rect(x, y, CellWidth - Gap, CellHeight - Gap, "empty");
                    continue;
                }
                var share = high > low ? (estimate.Mean - low) / (high - low) : 0.5;
                // Deep is good, whichever way the metric goes.
                var depth = metric.LowerIsBetter ? 1 - share : share;
                var ink = depth > 0.45 ? "ink-light" : "ink-dark";
                svg.Rect(
                    x, y, CellWidth - Gap, CellHeight - Gap, "cell", "fill:" + Colour(depth),
                    $"{pair.RowNames[r]}, {pair.ColumnNames[c]}: {Numbers.Value(estimate.Mean)} {Numbers.PlusMinus(estimate)} ({estimate.N} seeds)");
                svg.Text(x + (CellWidth - Gap) / 2, y + (estimate.Low is null ? 26 : 20), Numbers.Value(estimate.Mean), "value " + ink, "middle");
                if (estimate.Low is not null) svg.Text(x + (CellWidth - Gap) / 2, y + 35, Numbers.PlusMinus(estimate), "small " + ink, "middle");
            }
        }
        return svg.End();
    }

    private static string Fit(string text, double width)
    {
        while (text.Length > 4 && Svg.WidthOf(text) > width) text = text[..^2] + "…";
        return text;
    }

    private static string Colour(double share)
    {
        var at = Math.Clamp(share, 0, 1) * (Ramp.Length - 1);
        var below = Math.Min((int)at, Ramp.Length - 2);
        var part = at - below;
        var (a, b) = (Ramp[below], Ramp[below + 1]);
        return string.Create(
            CultureInfo.InvariantCulture, $"rgb({a.R + part * (b.R - a.R):0},{a.G + part * (b.G - a.G):0},{a.B + part * (b.B - a.B):0})");
    }
}
