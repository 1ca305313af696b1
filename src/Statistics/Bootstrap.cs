namespace AlpacaCot.Statistics;

/// <summary>The percentile bootstrap (Efron 1979).</summary>
public static class Bootstrap
{
    /// <summary>The mean of one resample, given by its indices.</summary>
    public static double ResampledMean(IReadOnlyList<double> values, IReadOnlyList<int> indices)
    {
        double sum = 0;
        foreach (var index in indices) sum += values[index];
        return sum / indices.Count;
    }

    /// <summary>Means of resamples of the values' own size, drawn with a seeded generator.</summary>
    /// <exception cref="ArgumentException">There are no values or no resamples.</exception>
    public static double[] Means(IReadOnlyList<double> values, int resamples, Random random)
    {
        Require.AtLeast(values.Count, 1, nameof(values));
        Require.AtLeast(resamples, 1, nameof(resamples));
        var means = new double[resamples];
        for (var b = 0; b < resamples; b++)
        {
            double sum = 0;
            for (var i = 0; i < values.Count; i++) sum += values[random.Next(values.Count)];
            means[b] = sum / values.Count;
        }
        return means;
    }

    /// <summary>The percentile interval of resampled means, with linear interpolation at position (B − 1)·q.</summary>
    /// <exception cref="ArgumentException">There are no means.</exception>
    public static Interval Percentile(IEnumerable<double> means, double level = 0.95)
    {
        Require.Level(level);
        var sorted = means.Order().ToArray();
        return new Interval(Descriptive.SortedQuantile(sorted, (1 - level) / 2), Descriptive.SortedQuantile(sorted, 1 - (1 - level) / 2));
    }
}
