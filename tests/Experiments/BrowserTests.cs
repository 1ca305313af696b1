using System.Text.Json;
using AlpacaCot.Experiments.Reporting;

namespace AlpacaCot.Tests.Experiments;

/// <summary>The report in a browser: where ticks really stand, and what a phone and a dark room make of the page.</summary>
public sealed class BrowserTests : IDisposable
{
    private const string Picture = """
        JSON.stringify([...document.querySelectorAll('.plot, .curve')].map(plot => {
          const box = e => { const r = e.getBoundingClientRect(); return { left: r.left, right: r.right, x: (r.left + r.right) / 2, y: (r.top + r.bottom) / 2 }; };
          const ticks = css => [...plot.querySelectorAll('text.tick.' + css)].map(t => ({ label: t.textContent, ...box(t) }));
          return { ...box(plot), name: plot.getAttribute('aria-label'), log: plot.dataset.scale === 'log', x: ticks('x'), y: ticks('y'),
            dots: [...plot.querySelectorAll('circle.dot')].map(d => ({ label: d.textContent, ...box(d) })) };
        }))
        """;

    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("report-").FullName, "report.html");

    public BrowserTests() => File.WriteAllText(_file, ReportWriter.Html(ReportExample.Build()));

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task Report_AnyWidth_TicksStandWhereTheirLabelsSayAndNothingIsCutOff(int width, bool dark)
    {
        Assert.SkipWhen(Browser.Program is null, "no chromium on the PATH");
        await using var browser = await Browser.StartAsync();
        await browser.OpenAsync(_file, width, 900, dark);

        Assert.Equal(width, (await browser.EvaluateAsync("document.documentElement.scrollWidth")).GetInt32());
        var pictures = JsonSerializer.Deserialize<List<Drawn>>((await browser.EvaluateAsync(Picture)).GetString()!, JsonSerializerOptions.Web)!;
        Assert.Equal(6 + 2, pictures.Count);
        foreach (var picture in pictures)
        {
            Assert.True(picture.Left >= 0 && picture.Right <= width, $"{picture.Name}: from {picture.Left} to {picture.Right}");
            AssertStraight(picture, picture.X, t => t.X);
            AssertStraight(picture, picture.Y, t => t.Y);
            Assert.All(picture.X, t => Assert.True(t.Left >= 0 && t.Right <= width, $"{picture.Name}: {t.Label} from {t.Left} to {t.Right}"));
            // Labels that run into each other cannot be read.
            foreach (var (tick, next) in picture.X.Zip(picture.X.Skip(1))) Assert.True(tick.Right < next.Left, $"{picture.Name}: {tick.Label} and {next.Label}");
            var (low, high) = (picture.X[0], picture.X[^1]);
            foreach (var dot in picture.Dots)
            {
                var said = TickTests.Number(dot.Label.Split(": ")[1].Split(' ', ',')[0]);
                var expected = low.X + (On(picture, said) - On(picture, TickTests.Number(low.Label))) / (On(picture, TickTests.Number(high.Label)) - On(picture, TickTests.Number(low.Label))) * (high.X - low.X);
                Assert.Equal(expected, dot.X, 3.0);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Report_LightAndDark_CanBeRead(bool dark)
    {
        Assert.SkipWhen(Browser.Program is null, "no chromium on the PATH");
        await using var browser = await Browser.StartAsync();
        await browser.OpenAsync(_file, 1280, 900, dark);
        var colours = (await browser.EvaluateAsync("JSON.stringify(['body', '.soft', '.best', 'svg .tick', 'td', 'summary', '.heat td'].map(s => { let e = document.querySelector(s), c = getComputedStyle(e); let g = e; while (getComputedStyle(g).backgroundColor === 'rgba(0, 0, 0, 0)') g = g.parentElement; return [s, e instanceof SVGElement ? c.fill : c.color, getComputedStyle(g).backgroundColor]; }))")).GetString()!;
        foreach (var of in JsonSerializer.Deserialize<List<string[]>>(colours)!)
            Assert.True(Contrast(of[1], of[2]) >= 4.5, $"{of[0]}: {of[1]} on {of[2]} has a contrast of {Contrast(of[1], of[2]):0.0}");
        var ground = JsonSerializer.Deserialize<List<string[]>>(colours)![0][2];
        Assert.Equal(dark, Luminance(ground) < 0.1);
    }

    private static void AssertStraight(Drawn picture, IReadOnlyList<Mark> ticks, Func<Mark, double> at)
    {
        if (ticks.Count == 0) return;
        double Value(Mark tick) => On(picture, TickTests.Number(tick.Label));
        var (first, last) = (ticks[0], ticks[^1]);
        foreach (var tick in ticks)
            Assert.Equal(at(first) + (Value(tick) - Value(first)) / (Value(last) - Value(first)) * (at(last) - at(first)), at(tick), 1.0);
    }

    private static double On(Drawn picture, double value) => picture.Log ? Math.Log(value) : value;

    private static double Contrast(string a, string b)
    {
        var (low, high) = (Math.Min(Luminance(a), Luminance(b)), Math.Max(Luminance(a), Luminance(b)));
        return (high + 0.05) / (low + 0.05);
    }

    /// <summary>Relative luminance as WCAG 2 has it.</summary>
    private static double Luminance(string rgb)
    {
        double[] parts = [.. rgb[(rgb.IndexOf('(', StringComparison.Ordinal) + 1)..^1].Split(',').Take(3).Select(p => double.Parse(p, System.Globalization.CultureInfo.InvariantCulture) / 255)];
        double[] linear = [.. parts.Select(p => p <= 0.04045 ? p / 12.92 : Math.Pow((p + 0.055) / 1.055, 2.4))];
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    }

    private sealed record Mark(string Label, double Left, double Right, double X, double Y);

    private sealed record Drawn(string Name, bool Log, IReadOnlyList<Mark> X, IReadOnlyList<Mark> Y, IReadOnlyList<Mark> Dots, double Left, double Right);
}
