namespace AlpacaCot.Statistics;

/// <summary>The standard normal distribution.</summary>
public static class NormalDistribution
{
    /// <summary>P(X ≤ x), accurate in both tails.</summary>
    public static double Cdf(double x) => x < 0 ? Upper(-x) : 1 - Upper(x);

    /// <summary>The x with P(X ≤ x) = p; infinite at 0 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p is not in [0, 1].</exception>
    public static double Quantile(double p)
    {
        Require.Probability(p);
        if (p == 0) return double.NegativeInfinity;
        if (p == 1) return double.PositiveInfinity;
        // 1 − p is exact for p above a half.
        return p > 0.5 ? -LowerQuantile(1 - p) : LowerQuantile(p);
    }

    private static double Upper(double x) => 0.5 * SpecialFunctions.UpperGamma(0.5, x * x / 2);

    /// <summary>Newton's method on the logarithm of the tail, which is almost a parabola; p ≤ 1/2.</summary>
    private static double LowerQuantile(double p)
    {
        if (p == 0.5) return 0;
        var x = Math.Sqrt(-2 * Math.Log(2 * p));
        for (var i = 0; i < 100; i++)
        {
            var tail = Upper(x);
            var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
            var step = (Math.Log(tail) - Math.Log(p)) * tail / density;
            x = Math.Max(x + step, 0);
            if (Math.Abs(step) <= 1e-15 * Math.Max(1, x)) break;
        }
        return -x;
    }
}
