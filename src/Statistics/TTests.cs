namespace AlpacaCot.Statistics;

/// <summary>What a test asks.</summary>
public enum Alternative
{
    /// <summary>The first differs from the second.</summary>
    TwoSided,

    /// <summary>The first is smaller than the second.</summary>
    Less,

    /// <summary>The first is greater than the second.</summary>
    Greater,
}

/// <summary>The outcome of a t test.</summary>
/// <param name="Statistic">t; infinite where all differences are equal and not zero, NaN where all are zero.</param>
/// <param name="DegreesOfFreedom">Degrees of freedom; not whole in Welch's test.</param>
/// <param name="P">The p value.</param>
public readonly record struct TTest(double Statistic, double DegreesOfFreedom, double P);

/// <summary>Student's t tests.</summary>
public static class TTests
{
    /// <summary>The paired test on a − b.</summary>
    /// <exception cref="ArgumentException">The samples differ in length or have fewer than two values.</exception>
    public static TTest Paired(IReadOnlyList<double> a, IReadOnlyList<double> b, Alternative alternative = Alternative.TwoSided)
    {
        if (a.Count != b.Count)
            throw new ArgumentException($"paired samples must be of one length, and have {a.Count} and {b.Count} values", nameof(b));
        Require.AtLeast(a.Count, 2, nameof(a));
        return OneSample([.. a.Zip(b, (x, y) => x - y)], alternative);
    }

    /// <summary>The test of differences against zero.</summary>
    /// <exception cref="ArgumentException">There are fewer than two values.</exception>
    public static TTest OneSample(IReadOnlyList<double> differences, Alternative alternative = Alternative.TwoSided)
    {
        var t = Descriptive.Mean(differences) / (Descriptive.SampleStandardDeviation(differences) / Math.Sqrt(differences.Count));
        return Of(t, differences.Count - 1, alternative);
    }

    /// <summary>Welch's test of two independent samples whose variances may differ (Welch 1947).</summary>
    /// <exception cref="ArgumentException">A sample has fewer than two values.</exception>
    public static TTest Welch(IReadOnlyList<double> a, IReadOnlyList<double> b, Alternative alternative = Alternative.TwoSided)
    {
        double va = Descriptive.SampleVariance(a) / a.Count, vb = Descriptive.SampleVariance(b) / b.Count;
        var t = (Descriptive.Mean(a) - Descriptive.Mean(b)) / Math.Sqrt(va + vb);
        var df = (va + vb) * (va + vb) / (va * va / (a.Count - 1) + vb * vb / (b.Count - 1));
        return Of(t, df, alternative);
    }

    private static TTest Of(double t, double df, Alternative alternative)
    {
        // NaN carries through: where nothing varies and nothing differs there is nothing to test.
        if (double.IsNaN(t) || double.IsNaN(df)) return new TTest(t, df, double.NaN);
        var p = alternative switch
        {
            Alternative.Less => StudentT.Cdf(t, df),
            Alternative.Greater => StudentT.Cdf(-t, df),
            _ => Math.Min(1, 2 * StudentT.Cdf(-Math.Abs(t), df)),
        };
        return new TTest(t, df, p);
    }
}
