namespace AlpacaCot.Statistics;

/// <summary>Means and spreads of samples.</summary>
public static class Descriptive
{
    /// <summary>The arithmetic mean.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double Mean(IReadOnlyList<double> values)
    {
        Require.AtLeast(values.Count, 1, nameof(values));
        double sum = 0;
        foreach (var value in values) sum += value;
        var mean = sum / values.Count;
        // One correction step takes back what rounding of a long sum costs.
        double rest = 0;
        foreach (var value in values) rest += value - mean;
        return double.IsFinite(rest) ? mean + rest / values.Count : mean;
    }

    /// <summary>The sample variance, with n − 1 in the denominator.</summary>
    /// <exception cref="ArgumentException">There are fewer than two values.</exception>
    public static double SampleVariance(IReadOnlyList<double> values)
    {
        Require.AtLeast(values.Count, 2, nameof(values));
        var mean = Mean(values);
        double sum = 0;
        foreach (var value in values) sum += (value - mean) * (value - mean);
        return sum / (values.Count - 1);
    }

    /// <summary>The sample standard deviation, with n − 1 in the denominator.</summary>
    /// <exception cref="ArgumentException">There are fewer than two values.</exception>
    public static double SampleStandardDeviation(IReadOnlyList<double> values) => Math.Sqrt(SampleVariance(values));

    /// <summary>The quantile at position (n − 1)·q of sorted values, with linear interpolation.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double SortedQuantile(IReadOnlyList<double> sorted, double q)
    {
        Require.AtLeast(sorted.Count, 1, nameof(sorted));
        Require.Probability(q);
        var position = (sorted.Count - 1) * q;
        var below = (int)Math.Floor(position);
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
