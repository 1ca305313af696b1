namespace AlpacaCot.Statistics;

/// <summary>An interval for a quantity.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Whether a value lies in it, ends included.</summary>
    public bool Contains(double value) => value >= Low && value <= High;
}

/// <summary>Confidence intervals.</summary>
public static class Intervals
{
    /// <summary>Student's interval for a mean: mean ± t · s/√n with n − 1 degrees of freedom.</summary>
    /// <exception cref="ArgumentException">There are fewer than two values.</exception>
    public static Interval T(IReadOnlyList<double> values, double level = 0.95)
    {
        Require.AtLeast(values.Count, 2, nameof(values));
        Require.Level(level);
        var mean = Descriptive.Mean(values);
        var half = StudentT.Quantile(0.5 + level / 2, values.Count - 1) * Descriptive.SampleStandardDeviation(values) / Math.Sqrt(values.Count);
        return new Interval(mean - half, mean + half);
    }

    /// <summary>Wilson's score interval for a share (Wilson 1927), without continuity correction.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are no trials, or not from 0 to n successes.</exception>
    public static Interval Wilson(long successes, long n, double level = 0.95)
    {
        if (n < 1) throw new ArgumentOutOfRangeException(nameof(n), n, "must be at least 1");
        if (successes < 0 || successes > n) throw new ArgumentOutOfRangeException(nameof(successes), successes, $"must be from 0 to {n}");
        Require.Level(level);
        var z = NormalDistribution.Quantile(0.5 + level / 2);
        double share = (double)successes / n, zz = z * z;
        var centre = (share + zz / (2 * n)) / (1 + zz / n);
        var half = z / (1 + zz / n) * Math.Sqrt(share * (1 - share) / n + zz / (4.0 * n * n));
        return new Interval(successes == 0 ? 0 : Math.Max(0, centre - half), successes == n ? 1 : Math.Min(1, centre + half));
    }
}
