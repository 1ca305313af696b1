using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Reporting;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Axes: what a tick's label says is where the tick stands.</summary>
public sealed class TickTests
{
    [Theory]
    [InlineData(new[] { 0, 0.25, 0.5, 0.75, 1 }, new[] { "0", "0.25", "0.50", "0.75", "1.00" })]
    [InlineData(new[] { 0.0, 12_500, 25_000 }, new[] { "0", "12.5 k", "25.0 k" })]
    [InlineData(new[] { -0.125, 0, 0.125 }, new[] { "−0.125", "0", "0.125" })]
    [InlineData(new[] { 0, 2.5e6, 5e6 }, new[] { "0", "2.5 M", "5.0 M" })]
    [InlineData(new[] { 0, 2.5e-8, 5e-8 }, new[] { "0", "2.5e-8", "5e-8" })]
    [InlineData(new[] { 1.0, 10, 100, 1000 }, new[] { "1", "10", "100", "1,000" })]
    [InlineData(new[] { 9_999.5, 10_000 }, new[] { "9.9995 k", "10.0000 k" })]
    public void Labels_PrintEveryDigitThatATickHas(double[] ticks, string[] labels)
        => Assert.Equal(labels.Select(l => l.Replace("e-", "e−", StringComparison.Ordinal)), TickLabels.Of(ticks));

    [PropertyTest(300)]
    public void Scale_AnyValues_LabelsAreTheTicksAndTicksAreWhereTheyBelong(double a, double b, bool log, byte about)
    {
        if (!double.IsFinite(a) || !double.IsFinite(b) || Math.Abs(a) > 1e12 || Math.Abs(b) > 1e12) return;
        var scale = Scale.Of(log ? MetricScale.Log : MetricScale.Linear, [a, b], 3 + about % 6);
        Assert.True(scale.Ticks.Count >= 3, $"{a}, {b}: {scale.Ticks.Count} ticks");
        Assert.All(scale.Ticks, t => Assert.Equal(t, Number(scale.Label(t)), 1e-9 * Math.Abs(t)));
        AssertStraight([.. scale.Ticks.Select(t => (Number(scale.Label(t)), scale.At(t)))], scale.IsLog, 1e-6);
        Assert.Equal(scale.Ticks.Count, scale.Ticks.Select(scale.Label).Distinct().Count());
    }

    [Fact]
    public void Html_EveryTickOfEveryPicture_StandsWhereItsLabelSays()
    {
        var html = ReportWriter.Html(ReportExample.Build());
        var plots = Pictures(html, "plot");
        Assert.Equal(6, plots.Count);
        foreach (var plot in plots)
        {
            var isLog = plot.Attribute("data-scale")!.Value == "log";
            var ticks = plot.Descendants("text").Where(t => t.Attribute("class")!.Value == "tick x").Select(t => (Number(t.Value), Share(t, "x"))).ToList();
            Assert.True(ticks.Count >= 3);
            AssertStraight(ticks, isLog, 1e-5);
            // The dots are on the same axis as the ticks: each says its mean in words.
            var (low, high) = (ticks[0], ticks[^1]);
            double On(double value) => isLog ? Math.Log(value) : value;
            foreach (var dot in plot.Descendants("circle").Where(c => c.Attribute("class")!.Value.StartsWith("dot", StringComparison.Ordinal)))
            {
                var said = Number(Regex.Match(dot.Element("title")!.Value, @": (\S+)").Groups[1].Value);
                var expected = low.Item2 + (On(said) - On(low.Item1)) / (On(high.Item1) - On(low.Item1)) * (high.Item2 - low.Item2);
                Assert.Equal(expected, Share(dot, "cx"), 0.01);
            }
        }
        Assert.Contains(plots, p => p.Attribute("data-scale")!.Value == "log");
    }

    [Fact]
    public void Html_EveryTickOfTheLosses_StandsWhereItsLabelSays()
    {
        foreach (var curve in Pictures(ReportWriter.Html(ReportExample.Build()), "curve"))
        {
            AssertStraight([.. curve.Descendants("text").Where(t => t.Attribute("class")!.Value == "tick x").Select(t => (Number(t.Value), Share(t, "x")))], false, 1e-5);
            AssertStraight([.. curve.Descendants("text").Where(t => t.Attribute("class")!.Value == "tick y").Select(t => (Number(t.Value), double.Parse(t.Attribute("y")!.Value, CultureInfo.InvariantCulture)))], false, 0.02);
        }
    }

    [Fact]
    public void Html_Pictures_StayInsideTheirFrames()
    {
        var html = ReportWriter.Html(ReportExample.Build());
        foreach (var plot in Pictures(html, "plot").Concat(Pictures(html, "curve")))
            foreach (var (element, name) in plot.Descendants().SelectMany(e => ((string[])["x", "x1", "x2", "cx"]).Select(n => (e, n))).Where(x => x.e.Attribute(x.n) is not null && x.e.Attribute(x.n)!.Value.EndsWith('%')))
                Assert.InRange(Share(element, name), 0, 1);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }

    /// <summary>Distances are as the labels' (or their logarithms') differences.</summary>
    private static void AssertStraight(IReadOnlyList<(double Value, double At)> ticks, bool isLog, double tolerance)
    {
        double On(double value) => isLog ? Math.Log(value) : value;
        var (first, last) = (ticks[0], ticks[^1]);
        foreach (var (value, at) in ticks)
            Assert.Equal(first.At + (On(value) - On(first.Value)) / (On(last.Value) - On(first.Value)) * (last.At - first.At), at, tolerance);
    }

    private static List<XElement> Pictures(string html, string css)
        => [.. Regex.Matches(html, $"<figure>(?:<figcaption>.*?</figcaption>)?(<div class=\"{css}\".*?</div>)</figure>", RegexOptions.Singleline).Select(m => XElement.Parse(m.Groups[1].Value))];

    private static double Share(XElement element, string name) => double.Parse(element.Attribute(name)!.Value.TrimEnd('%'), CultureInfo.InvariantCulture) / 100;

    internal static double Number(string label)
    {
        var text = label.Replace('−', '-').Replace(",", "", StringComparison.Ordinal);
        var unit = text.EndsWith('k') ? 1e3 : text.EndsWith('M') ? 1e6 : text.EndsWith('G') ? 1e9 : 1;
        return unit * double.Parse(text.TrimEnd('k', 'M', 'G', ' ', ')'), CultureInfo.InvariantCulture);
    }
}
