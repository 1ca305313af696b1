using System.Globalization;
using System.Net;
using System.Text;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Writes one inline SVG picture. Colours are CSS classes of the page, so that one picture serves light and dark.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _text = new();

    public Svg(double width, double height, string title)
    {
        _text.Append(
            CultureInfo.InvariantCulture,
            $"<svg viewBox=\"0 0 {N(width)} {N(height)}\" width=\"{N(width)}\" height=\"{N(height)}\" role=\"img\" aria-label=\"{Escape(title)}\">");
    }

    public void Line(double x1, double y1, double x2, double y2, string css)
        => _text.Append(CultureInfo.InvariantCulture, $"<line class=\"{css}\" x1=\"{N(x1)}\" y1=\"{N(y1)}\" x2=\"{N(x2)}\" y2=\"{N(y2)}\"/>");

    public void Text(double x, double y, string text, string css = "", string anchor = "start")
        => _text.Append(
            CultureInfo.InvariantCulture, $"<text class=\"{css}\" x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\">{Escape(text)}</text>");

    public void Circle(double x, double y, double radius, string css, string? tip = null)
        => _text.Append(CultureInfo.InvariantCulture, $"<circle class=\"{css}\" cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(radius)}\">{Tip(tip)}</circle>");

    public void Rect(double x, double y, double width, double height, string css, string? style = null, string? tip = null)
        => _text.Append(
            CultureInfo.InvariantCulture,
            $"<rect class=\"{css}\" x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" rx=\"4\"{(style is null ? "" : $" style=\"{style}\"")}>{Tip(tip)}</rect>");

    public void Path(IReadOnlyList<(double X, double Y)> points, string css, string? tip = null)
    {
        if (points.Count == 0) return;
        _text.Append(CultureInfo.InvariantCulture, $"<path class=\"{css}\" d=\"M");
        foreach (var (x, y) in points) _text.Append(CultureInfo.InvariantCulture, $"{N(x)},{N(y)} ");
        _text.Append(CultureInfo.InvariantCulture, $"\">{Tip(tip)}</path>");
    }

    public string End() => _text.Append("</svg>").ToString();

    /// <summary>A generous estimate of a text's width at 12 px: the reader's font is not known.</summary>
    public static double WidthOf(string text) => text.EnumerateRunes().Sum(r => r.Value switch
    {
        >= 0x2E80 => 13,
        'i' or 'l' or 'j' or '.' or ',' or ':' or ';' or '|' or '\'' or ' ' => 4.2,
        'm' or 'w' or 'M' or 'W' or '+' or '−' => 11.2,
        >= 'A' and <= 'Z' => 8.8,
        _ => 7.6,
    });

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Tip(string? tip) => tip is null ? "" : $"<title>{Escape(tip)}</title>";

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
