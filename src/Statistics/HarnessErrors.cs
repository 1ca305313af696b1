namespace AlpacaCot.Statistics;

/// <summary>Standard errors as lm-eval-harness writes them beside a metric, so that result files can be compared.</summary>
public static class HarnessErrors
{
    /// <summary>Sample standard deviation (n − 1); NaN for fewer than two values.</summary>
    public static double SampleDeviation(ReadOnlySpan<double> values)
    {
        if (values.Length < 2) return double.NaN;
        double mean = 0;
        foreach (var v in values) mean += v;
        mean /= values.Length;
        double squares = 0;
        foreach (var v in values) squares += (v - mean) * (v - mean);
        return Math.Sqrt(squares / (values.Length - 1));
    }

    /// <summary>Standard error of a mean: s / √n.</summary>
    public static double OfMean(ReadOnlySpan<double> values) => SampleDeviation(values) / Math.Sqrt(values.Length);

    /// <summary>
    /// Standard error of a ratio Σa/Σb by linearisation: √(n/(n−1) · Σ(aᵢ − R·bᵢ)²) / Σb. With all b equal it is that of a mean.
    /// </summary>
    public static double OfRatio(ReadOnlySpan<double> numerators, ReadOnlySpan<double> denominators)
    {
        if (numerators.Length != denominators.Length) throw new ArgumentException($"{numerators.Length} numerators, {denominators.Length} denominators");
        var n = numerators.Length;
        if (n < 2) return double.NaN;
        double a = 0, b = 0;
        for (var i = 0; i < n; i++) { a += numerators[i]; b += denominators[i]; }
        var ratio = a / b;
        double squares = 0;
        for (var i = 0; i < n; i++)
        {
            var residual = numerators[i] - ratio * denominators[i];
            squares += residual * residual;
        }
        return Math.Sqrt(squares * n / (n - 1)) / b;
    }

    /// <summary>
    /// Bootstrap standard error of any statistic: chunks of min(1000, iterations) resamples, chunk i drawn with
    /// <c>random.Random(i).choices</c>; the sample deviation of all resampled values.
    /// </summary>
    public static double Bootstrap(ReadOnlySpan<double> values, Func<double[], double> statistic, int iterations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        var population = values.ToArray();
        var chunk = Math.Min(1000, iterations);
        var results = new double[iterations / chunk * chunk];
        // Each chunk has its own generator, so the order in which chunks are computed cannot change a number.
        Parallel.For(0, iterations / chunk, i =>
        {
            var random = new PythonRandom(i);
            var resample = new double[population.Length];
            for (var k = 0; k < chunk; k++)
            {
                random.Choices<double>(population, resample);
                results[i * chunk + k] = statistic(resample);
            }
        });
        return SampleDeviation(results);
    }

    /// <summary>Standard error of a group's mean weighted by size: √(Σ(n−1)·se²·n / (Σn − k) / Σn).</summary>
    public static double Pooled(IReadOnlyList<double> errors, IReadOnlyList<int> sizes)
    {
        double weighted = 0;
        var total = 0;
        for (var i = 0; i < sizes.Count; i++)
        {
            weighted += (sizes[i] - 1) * errors[i] * errors[i] * sizes[i];
            total += sizes[i];
        }
        return Math.Sqrt(weighted / (total - sizes.Count) / total);
    }
}
