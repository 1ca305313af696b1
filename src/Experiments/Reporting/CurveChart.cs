using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Loss curves of one base: a colour for each kind of training, thin lines for seeds, a thick one for their mean.</summary>
internal static class CurveChart
{
    private const double Height = 246, Top = 10, Below = 36, Labels = 46;

    /// <summary>Colours before they repeat with dashes.</summary>
    public const int Colours = 8;

    public static string Draw(string title, IReadOnlyList<IGrouping<string, ReportCurve>> kinds)
    {
        var smooth = kinds.Select(kind => (kind.Key, Curves: kind.Select(c => CurveSmoothing.Smooth(c.Points)).Where(c => c.Count > 0).ToList()))
            .ToList();
        var points = smooth.SelectMany(k => k.Curves).SelectMany(c => c).ToList();
        var x = Scale.Linear(points.Select(p => (double)p.Step).Append(0), 4);
        var y = Scale.Linear(points.Select(p => p.Loss));
        double Down(double loss) => Top + (1 - y.At(loss)) * Height;
        List<(double, double)> Line(IReadOnlyList<CurvePoint> curve) => [.. curve.Select(p => (x.At(p.Step), Down(p.Loss)))];

        var labels = new Svg(Labels, Top + Height + Below, "axis");
        foreach (var tick in y.Ticks) labels.Text(Labels - 6, Down(tick) + 4, y.Label(tick), "tick y", "end");
        var field = new Svg(Length.Share(1), Top + Height + Below, "field");
        foreach (var tick in y.Ticks) field.Line(0, Down(tick), Length.Share(1), Down(tick), "grid");
        var paths = new List<(IReadOnlyList<(double, double)>, string, string)>();
        foreach (var (kind, i) in smooth.Select((k, i) => (k, i)))
        {
            var css = $"line s-c{i % Colours}{(i >= Colours ? " dashed" : "")}";
            paths.AddRange(kind.Curves.Select(curve => ((IReadOnlyList<(double, double)>)Line(curve), css + (kind.Curves.Count > 1 ? " thin" : ""), kind.Key)));
            if (kind.Curves.Count > 1) paths.Add((Line(Mean(kind.Curves)), css, kind.Key + ", mean over seeds"));
        }
        field.Field(Top + Height, paths);
        foreach (var tick in x.Ticks) field.Text(Length.Share(x.At(tick)), Top + Height + 16, x.Label(tick), "tick x", "middle");
        field.Text(Length.Share(0.5), Top + Height + 32, "optimiser step", "caption", "middle");
        return $"<div class=\"curve\" role=\"img\" data-scale=\"linear\" aria-label=\"{Svg.Escape(title)}\">{labels.End()}{field.End()}</div>";
    }

    /// <summary>The mean over curves at the steps of the shortest one, linear between points.</summary>
    private static List<CurvePoint> Mean(IReadOnlyList<IReadOnlyList<CurvePoint>> curves)
        => [.. curves.MinBy(c => c[^1].Step)!.Select(p => new CurvePoint(p.Step, curves.Average(c => At(c, p.Step))))];

    private static double At(IReadOnlyList<CurvePoint> curve, int step)
    {
        int low = 0, high = curve.Count - 1;
        if (step <= curve[0].Step) return curve[0].Loss;
        if (step >= curve[high].Step) return curve[high].Loss;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (curve[middle].Step <= step) low = middle;
            else high = middle;
        }
        var share = (double)(step - curve[low].Step) / Math.Max(1, curve[high].Step - curve[low].Step);
        return curve[low].Loss + share * (curve[high].Loss - curve[low].Loss);
    }
}
