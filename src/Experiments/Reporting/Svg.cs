using System.Globalization;
using System.Net;
using System.Text;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>A length in a picture: pixels, or a share of its width, so that the picture is as wide as the page has room for.</summary>
internal readonly record struct Length(double Value, bool IsShare = false)
{
    public static implicit operator Length(double pixels) => new(pixels);

    public static Length Share(double share) => new(share, true);

    public override string ToString()
        => IsShare ? (100 * Value).ToString("0.####", CultureInfo.InvariantCulture) + "%" : Value.ToString("0.##", CultureInfo.InvariantCulture);
}

/// <summary>Writes one inline SVG picture. Colours are CSS classes of the page, so that one picture serves light and dark.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _text = new();

    public Svg(Length width, double height, string css)
    {
        _text.Append(CultureInfo.InvariantCulture, $"<svg class=\"{css}\" width=\"{width}\" height=\"{(Length)height}\" aria-hidden=\"true\">");
    }

    public void Line(Length x1, Length y1, Length x2, Length y2, string css)
        => _text.Append(CultureInfo.InvariantCulture, $"<line class=\"{css}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");

    public void Text(Length x, Length y, string text, string css = "", string anchor = "start")
        => _text.Append(CultureInfo.InvariantCulture, $"<text class=\"{css}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{Escape(text)}</text>");

    public void Circle(Length x, Length y, double radius, string css, string? tip = null)
        => _text.Append(CultureInfo.InvariantCulture, $"<circle class=\"{css}\" cx=\"{x}\" cy=\"{y}\" r=\"{(Length)radius}\">{Tip(tip)}</circle>");

    /// <summary>Lines over a field that is stretched to the picture's width: x from 0 to 1, y in pixels.</summary>
    public void Field(double height, IEnumerable<(IReadOnlyList<(double X, double Y)> Points, string Css, string Tip)> paths)
    {
        const double Units = 1000;
        _text.Append(CultureInfo.InvariantCulture, $"<svg width=\"100%\" height=\"{(Length)height}\" viewBox=\"0 0 {(Length)Units} {(Length)height}\" preserveAspectRatio=\"none\">");
        foreach (var (points, css, tip) in paths)
        {
            if (points.Count == 0) continue;
            _text.Append(CultureInfo.InvariantCulture, $"<path class=\"{css}\" vector-effect=\"non-scaling-stroke\" d=\"M");
            foreach (var (x, y) in points) _text.Append(CultureInfo.InvariantCulture, $"{(Length)(Units * x)},{(Length)y} ");
            _text.Append(CultureInfo.InvariantCulture, $"\">{Tip(tip)}</path>");
        }
        _text.Append("</svg>");
    }

    public string End() => _text.Append("</svg>").ToString();

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Tip(string? tip) => tip is null ? "" : $"<title>{Escape(tip)}</title>";
}
