namespace AlpacaCot.Statistics;

/// <summary>Corrections of p values for many tests at once.</summary>
public static class Corrections
{
    /// <summary>
    /// Holm's step-down correction (Holm 1979): controls the chance of any false finding. Adjusted values are in the order of the input; the i-th
    /// smallest is the running maximum of (m − i)·p, at most 1.
    /// </summary>
    public static double[] Holm(IReadOnlyList<double> p)
    {
        var adjusted = new double[p.Count];
        double running = 0;
        var rank = 0;
        foreach (var index in Enumerable.Range(0, p.Count).OrderBy(i => p[i]))
        {
            running = Math.Max(running, Math.Min(1, (p.Count - rank++) * p[index]));
            adjusted[index] = running;
        }
        return adjusted;
    }
}
