using System.Globalization;
using System.Text;

namespace AlpacaCot.Benchmarks;

/// <summary>One thing that grows, and what a token costs at each of its sizes.</summary>
internal sealed record GrowthPanel(string Name, IReadOnlyList<(int Size, double Microseconds)> Points);

/// <summary>The cost of a token against what grows: a panel for each, both axes logarithmic, so that a slope is a power.</summary>
internal static class GrowthPicture
{
    private const int Width = 260, Height = 200, Left = 52, Right = 14, Top = 34, Bottom = 36;

    /// <summary>The picture as SVG.</summary>
    public static string Draw(IReadOnlyList<GrowthPanel> panels)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Math.Max(1, panels.Count) * Width} {Height}\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\" aria-label=\"Microseconds per trained token against size\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        // One scale of cost for all, so that panels can be compared.
        var (low, high) = (panels.SelectMany(panel => panel.Points).Min(point => point.Microseconds), panels.SelectMany(panel => panel.Points).Max(point => point.Microseconds));
        (low, high) = (Math.Pow(2, Math.Floor(Math.Log2(low))), Math.Pow(2, Math.Ceiling(Math.Log2(high * 1.001))));
        for (var i = 0; i < panels.Count; i++) Panel(svg, panels[i], i * Width, low, high);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Panel(StringBuilder svg, GrowthPanel panel, int at, double low, double high)
    {
        double first = panel.Points[0].Size, last = Math.Max(panel.Points[^1].Size, first * 2);
        double X(double size) => at + Left + (Width - Left - Right) * Math.Log(size / first) / Math.Log(last / first);
        double Y(double cost) => Height - Bottom - (Height - Top - Bottom) * Math.Log(cost / low) / Math.Log(high / low);
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{at + Left}\" y=\"18\" font-weight=\"bold\">{panel.Name}</text>\n");
        for (var tick = low; tick <= high * 1.001; tick *= 2)
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{at + Left}\" x2=\"{at + Width - Right}\" y1=\"{Y(tick):0.0}\" y2=\"{Y(tick):0.0}\" stroke=\"#ddd\"/><text x=\"{at + Left - 6}\" y=\"{Y(tick) + 4:0.0}\" text-anchor=\"end\" fill=\"#555\">{tick:0.##} µs</text>\n");
        foreach (var (size, _) in panel.Points)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(size):0.0}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\" fill=\"#555\">{(size >= 1000 ? $"{size / 1000.0:0.#}k" : size)}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"#2563eb\" stroke-width=\"2\" points=\"{string.Join(' ', panel.Points.Select(point => FormattableString.Invariant($"{X(point.Size):0.0},{Y(point.Microseconds):0.0}")))}\"/>\n");
        foreach (var (size, cost) in panel.Points)
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(size):0.0}\" cy=\"{Y(cost):0.0}\" r=\"3\" fill=\"#2563eb\"><title>{size}: {cost:0.0} µs</title></circle>\n");
    }
}
