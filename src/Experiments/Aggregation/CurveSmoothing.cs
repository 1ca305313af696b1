namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Makes loss curves readable: fewer points, less noise.</summary>
public static class CurveSmoothing
{
    /// <summary>
    /// At most <paramref name="most"/> points: means of equal runs of neighbours, each at its run's mean step. The first and the last point are kept
    /// as they are.
    /// </summary>
    public static IReadOnlyList<CurvePoint> Thin(IReadOnlyList<CurvePoint> points, int most)
    {
        if (points.Count <= most) return points;
        var thin = new List<CurvePoint>(most) { points[0] };
        var inner = points.Count - 2;
        for (var i = 0; i < most - 2; i++)
        {
            int from = 1 + (int)((long)i * inner / (most - 2)), to = 1 + (int)((long)(i + 1) * inner / (most - 2));
            double steps = 0, loss = 0;
            for (var j = from; j < to; j++)
            {
                steps += points[j].Step;
                loss += points[j].Loss;
            }
            thin.Add(new CurvePoint((int)Math.Round(steps / (to - from)), loss / (to - from)));
        }
        thin.Add(points[^1]);
        return thin;
    }

    /// <summary>
    /// An exponential moving average whose first values are corrected for their short history, as in Adam; points that are no number are left out.
    /// </summary>
    public static IReadOnlyList<CurvePoint> Smooth(IReadOnlyList<CurvePoint> points, double weight = 0.8)
    {
        var smooth = new List<CurvePoint>(points.Count);
        double average = 0, bias = 1;
        foreach (var point in points.Where(p => double.IsFinite(p.Loss)))
        {
            average = weight * average + (1 - weight) * point.Loss;
            bias *= weight;
            smooth.Add(point with { Loss = average / (1 - bias) });
        }
        return smooth;
    }
}
