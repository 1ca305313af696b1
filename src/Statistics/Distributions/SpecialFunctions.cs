namespace AlpacaCot.Statistics;

/// <summary>
/// Incomplete gamma and beta functions by their series and continued fractions (Press et al., Numerical Recipes, chapter 6), to about 1e-14 relative.
/// </summary>
internal static class SpecialFunctions
{
    private const int MostTerms = 10_000;
    private const double Tiny = 1e-300;
    private const double Epsilon = 1e-16;

    // Lanczos' approximation with g = 7 and 9 terms.
    private static readonly double[] Lanczos =
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
        12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <summary>ln Γ(x), x > 0.</summary>
    public static double LogGamma(double x)
    {
        if (x < 0.5) return Math.Log(Math.PI / Math.Sin(Math.PI * x)) - LogGamma(1 - x);
        x -= 1;
        var sum = Lanczos[0];
        for (var i = 1; i < Lanczos.Length; i++) sum += Lanczos[i] / (x + i);
        var t = x + 7.5;
        return 0.5 * Math.Log(2 * Math.PI) + (x + 0.5) * Math.Log(t) - t + Math.Log(sum);
    }

    /// <summary>
    /// The regularised incomplete beta function I_x(a, b); <paramref name="y"/> = 1 − x is given too, since near 1 it cannot be had from x.
    /// </summary>
    public static double Beta(double x, double y, double a, double b)
    {
        if (x <= 0) return 0;
        if (y <= 0) return 1;
        // The fraction converges fast only on the near side of the mean.
        return x < (a + 1) / (a + b + 2) ? BetaFraction(x, y, a, b) : 1 - BetaFraction(y, x, b, a);
    }

    private static double BetaFraction(double x, double y, double a, double b)
    {
        var front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(y));
        double c = 1, d = NotZero(1 - (a + b) * x / (a + 1));
        d = 1 / d;
        var h = d;
        for (var m = 1; m <= MostTerms; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / NotZero(1 + even * d);
            c = NotZero(1 + even / c);
            h *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / NotZero(1 + odd * d);
            c = NotZero(1 + odd / c);
            var step = d * c;
            h *= step;
            if (Math.Abs(step - 1) < Epsilon) break;
        }
        return front * h / a;
    }

    /// <summary>The upper regularised incomplete gamma function Q(a, x).</summary>
    public static double UpperGamma(double a, double x)
    {
        if (x <= 0) return 1;
        var front = Math.Exp(a * Math.Log(x) - x - LogGamma(a));
        if (x < a + 1)
        {
            double term = 1 / a, sum = term;
            for (var n = 1; n <= MostTerms && Math.Abs(term) > Math.Abs(sum) * Epsilon; n++) sum += term *= x / (a + n);
            return 1 - front * sum;
        }
        double b = x + 1 - a, c = 1 / Tiny, d = 1 / b, h = d;
        for (var n = 1; n <= MostTerms; n++)
        {
            var an = -n * (n - a);
            b += 2;
            d = 1 / NotZero(an * d + b);
            c = NotZero(b + an / c);
            var step = d * c;
            h *= step;
            if (Math.Abs(step - 1) < Epsilon) break;
        }
        return front * h;
    }

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
