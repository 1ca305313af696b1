using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Loss curves of one base: a colour for each kind of training, thin lines for seeds, a thick one for their mean.</summary>
internal static class CurveChart
{
    private const double Width = 500, Height = 290, Left = 46, Right = 12, Top = 10, Bottom = 34;

    /// <summary>Colours before they repeat with dashes.</summary>
    public const int Colours = 8;

    public static string Draw(string title, IReadOnlyList<IGrouping<string, ReportCurve>> kinds)
    {
        var svg = new Svg(Width, Height, title);
        var smooth = kinds.Select(kind => (kind.Key, Curves: kind.Select(c => CurveSmoothing.Smooth(c.Points)).Where(c => c.Count > 0).ToList()))
            .ToList();
        var points = smooth.SelectMany(k => k.Curves).SelectMany(c => c).ToList();
        var x = Scale.Linear(points.Select(p => (double)p.Step).Append(0), Left, Width - Right, 6);
        var y = Scale.Linear(points.Select(p => p.Loss), Height - Bottom, Top);
        foreach (var tick in y.Ticks)
        {
            svg.Line(Left, y.At(tick), Width - Right, y.At(tick), "grid");
            svg.Text(Left - 6, y.At(tick) + 4, y.Label(tick), "tick", "end");
        }
        foreach (var tick in x.Ticks) svg.Text(x.At(tick), Height - Bottom + 16, x.Label(tick), "tick", "middle");
        svg.Text((Left + Width - Right) / 2, Height - 4, "optimiser step", "tick", "middle");
        foreach (var (kind, i) in smooth.Select((k, i) => (k, i)))
        {
            var css = $"line s-c{i % Colours}{(i >= Colours ? " dashed" : "")}";
            foreach (var curve in kind.Curves) svg.Path(Pixels(curve), css + (kind.Curves.Count > 1 ? " thin" : ""), kind.Key);
            if (kind.Curves.Count > 1) svg.Path(Pixels(Mean(kind.Curves)), css, kind.Key + ", mean over seeds");
        }
        return svg.End();

        List<(double, double)> Pixels(IReadOnlyList<CurvePoint> curve) => [.. curve.Select(p => (x.At(p.Step), y.At(p.Loss)))];
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
