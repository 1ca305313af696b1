namespace AlpacaCot.Statistics;

/// <summary>Student's t distribution; degrees of freedom need not be whole.</summary>
public static class StudentT
{
    /// <summary>P(T ≤ t), accurate in both tails.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The degrees of freedom are not above 0.</exception>
    public static double Cdf(double t, double degreesOfFreedom)
    {
        Require.Positive(degreesOfFreedom, nameof(degreesOfFreedom));
        return t < 0 ? Upper(-t, degreesOfFreedom) : 1 - Upper(t, degreesOfFreedom);
    }

    /// <summary>The t with P(T ≤ t) = p; infinite at 0 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p is not in [0, 1], or the degrees of freedom are not above 0.</exception>
    public static double Quantile(double p, double degreesOfFreedom)
    {
        Require.Probability(p);
        Require.Positive(degreesOfFreedom, nameof(degreesOfFreedom));
        if (p == 0) return double.NegativeInfinity;
        if (p == 1) return double.PositiveInfinity;
        return p > 0.5 ? UpperQuantile(1 - p, degreesOfFreedom) : -UpperQuantile(p, degreesOfFreedom);
    }

    internal static double Upper(double t, double df)
        => double.IsInfinity(t) ? 0 : 0.5 * SpecialFunctions.Beta(df / (df + t * t), t * t / (df + t * t), df / 2, 0.5);

    /// <summary>The t ≥ 0 with P(T > t) = q, q ≤ 1/2: Newton's method on logarithms inside a shrinking bracket.</summary>
    private static double UpperQuantile(double q, double df)
    {
        if (q == 0.5) return 0;
        double low = 0, high = 1;
        while (Upper(high, df) > q)
        {
            low = high;
            high *= 2;
        }
        var logDensity = SpecialFunctions.LogGamma((df + 1) / 2) - SpecialFunctions.LogGamma(df / 2) - 0.5 * Math.Log(df * Math.PI);
        var t = (low + high) / 2;
        for (var i = 0; i < 200; i++)
        {
            var tail = Upper(t, df);
            if (tail > q) low = t;
            else high = t;
            var density = Math.Exp(logDensity - (df + 1) / 2 * Math.Log(1 + t * t / df));
            var next = t + (Math.Log(tail) - Math.Log(q)) * tail / density;
            if (!(next > low && next < high)) next = (low + high) / 2;
            if (Math.Abs(next - t) <= 1e-15 * next) return next;
            t = next;
        }
        return t;
    }
}
