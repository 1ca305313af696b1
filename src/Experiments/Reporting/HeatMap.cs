using System.Globalization;
using System.Text;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>A metric over two factors: a table with a coloured cell for each combination.</summary>
internal static class HeatMap
{
    // One hue from pale to deep, so that more is darker in print too.
    private static readonly (double R, double G, double B)[] _ramp = [(237, 246, 244), (166, 217, 205), (77, 165, 160), (28, 107, 121), (12, 52, 79)];

    public static string Draw(PairSummary pair, MetricSummary metric)
    {
        double On(double value) => metric.Scale == MetricScale.Log ? Math.Log(value) : value;

        // One scale for all maps of the metric: a difference that is small in one of them looks small.
        var means = metric.Pairs.SelectMany(p => p.Cells).SelectMany(r => r).OfType<Estimate>().Select(e => On(e.Mean)).ToList();
        double low = means.Min(), high = means.Max();
        var text = new StringBuilder("<div class=\"scroll\"><table class=\"heat\"><thead><tr>");
        text.Append($"<th>{Svg.Escape(pair.Rows)} \\ {Svg.Escape(pair.Columns)}</th>");
        foreach (var name in pair.ColumnNames) text.Append($"<th>{Svg.Escape(name)}</th>");
        text.Append("</tr></thead><tbody>\n");
        foreach (var (name, cells) in pair.RowNames.Zip(pair.Cells))
        {
            text.Append($"<tr><th>{Svg.Escape(name)}</th>");
            foreach (var cell in cells)
            {
                if (cell is null)
                {
                    text.Append("<td class=\"empty\"></td>");
                    continue;
                }
                var share = high > low ? (On(cell.Mean) - low) / (high - low) : 0.5;
                // Deep is good, whichever way the metric goes.
                var depth = metric.LowerIsBetter ? 1 - share : share;
                var (ground, isDark) = Ground(depth);
                text.Append($"<td class=\"{(isDark ? "ink-light" : "ink-dark")}\" style=\"background:{ground}\" title=\"{Svg.Escape(Numbers.Over(cell))}\">{Numbers.Value(cell.Mean)}");
                if (cell.Low is not null) text.Append($"<small>{Numbers.Interval(cell)}</small>");
                text.Append("</td>");
            }
            text.Append("</tr>\n");
        }
        return text.Append("</tbody></table></div>").ToString();
    }

    /// <summary>A cell's colour, and whether white stands out from it more than black (relative luminance as WCAG 2 has it): one of them always has a contrast of 4.5.</summary>
    private static (string Colour, bool IsDark) Ground(double share)
    {
        var at = Math.Clamp(share, 0, 1) * (_ramp.Length - 1);
        var below = Math.Min((int)at, _ramp.Length - 2);
        var part = at - below;
        var (a, b) = (_ramp[below], _ramp[below + 1]);
        double Mixed(double from, double to) => Math.Round(from + part * (to - from));
        var (red, green, blue) = (Mixed(a.R, b.R), Mixed(a.G, b.G), Mixed(a.B, b.B));
        double Linear(double value) => value / 255 is var v && v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);
        var luminance = 0.2126 * Linear(red) + 0.7152 * Linear(green) + 0.0722 * Linear(blue);
        return (string.Create(CultureInfo.InvariantCulture, $"rgb({red:0},{green:0},{blue:0})"), luminance < 0.179);
    }
}
