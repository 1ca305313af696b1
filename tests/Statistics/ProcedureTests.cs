using AlpacaCot.Statistics;

namespace AlpacaCot.Tests.Statistics;

/// <summary>Values that a textbook or a few lines of arithmetic give, so that they hold where no golden files are at hand.</summary>
public sealed class ProcedureTests
{
    [Fact]
    public void T_OneToFive_IsTheTextbooksInterval()
    {
        // t(0.975, 4) = 2.7764451, standard deviation √2.5, five values.
        var interval = Intervals.T([1, 2, 3, 4, 5]);
        Assert.Equal(3 - 2.7764451051977987 * Math.Sqrt(0.5), interval.Low, 9);
        Assert.Equal(3 + 2.7764451051977987 * Math.Sqrt(0.5), interval.High, 9);
        // t(0.95, 4) = 2.1318468
        Assert.Equal(3 + 2.13184678632665 * Math.Sqrt(0.5), Intervals.T([1, 2, 3, 4, 5], 0.9).High, 9);
    }

    [Fact]
    public void Wilson_EightOfTen_IsTheTextbooksInterval()
    {
        var interval = Intervals.Wilson(8, 10);
        Assert.Equal(0.4901625, interval.Low, 6);
        Assert.Equal(0.9433178, interval.High, 6);
        Assert.Equal(0, Intervals.Wilson(0, 10).Low);
        Assert.Equal(1, Intervals.Wilson(10, 10).High);
    }

    [Fact]
    public void Holm_FourValues_StepDownAndNeverBelowAnEarlierOne()
    {
        Assert.Equal([0.03, 0.06, 0.06, 0.02], Corrections.Holm([0.01, 0.04, 0.03, 0.005]).Select(p => Math.Round(p, 12)));
        Assert.Equal([1, 1], Corrections.Holm([0.7, 0.6]));
    }

    [Fact]
    public void Paired_Alternatives_AreSidesOfOneTest()
    {
        // Differences 1, 2, 3: t = 2 / (1 / √3) = 3.4641; with two degrees of freedom P(T > t) = (1 − t / √(2 + t²)) / 2.
        double[] a = [2, 4, 6], b = [1, 2, 3];
        var upper = (1 - Math.Sqrt(12) / Math.Sqrt(14)) / 2;
        var test = TTests.Paired(a, b);
        Assert.Equal(Math.Sqrt(12), test.Statistic, 12);
        Assert.Equal(2, test.DegreesOfFreedom);
        Assert.Equal(2 * upper, test.P, 10);
        Assert.Equal(upper, TTests.Paired(a, b, Alternative.Greater).P, 10);
        Assert.Equal(1 - upper, TTests.Paired(a, b, Alternative.Less).P, 10);
    }

    [Fact]
    public void Welch_UnequalVariances_DegreesBetweenTheSmallerAndTheSum()
    {
        // Variances 1 and 100 of three and five values: (1/3 + 20)² / ((1/3)²/2 + 20²/4) = 4.1319…
        var test = TTests.Welch([1, 2, 3], [-10, -5, 2, 5, 18]);
        var vb = Descriptive.SampleVariance([-10, -5, 2, 5, 18]) / 5;
        Assert.Equal(Math.Pow(1.0 / 3 + vb, 2) / (Math.Pow(1.0 / 3, 2) / 2 + vb * vb / 4), test.DegreesOfFreedom, 12);
        Assert.Equal(0, test.Statistic, 12);
        Assert.True(TTests.Welch([3, 4, 5], [0, 1, 2]).Statistic > 0);
    }

    [Fact]
    public void SampleVariance_FiveValues_DividesByOneLess() => Assert.Equal(2.5, Descriptive.SampleVariance([1, 2, 3, 4, 5]), 12);

    [Fact]
    public void Percentile_HundredAndOneMeans_CutsTheTailsOfBothSidesAlike()
    {
        var interval = Bootstrap.Percentile(Enumerable.Range(0, 101).Select(i => (double)i).Reverse(), 0.9);
        Assert.Equal(5, interval.Low, 12);
        Assert.Equal(95, interval.High, 12);
    }

    [Fact]
    public void SortedQuantile_BetweenTwoValues_IsInterpolated()
    {
        Assert.Equal(2.5, Descriptive.SortedQuantile([1, 2, 3, 4], 0.5), 12);
        Assert.Equal(1.75, Descriptive.SortedQuantile([1, 2, 3, 4], 0.25), 12);
        Assert.Equal(4, Descriptive.SortedQuantile([1, 2, 3, 4], 1));
    }

    [Fact]
    public void HarnessErrors_EightAnswers_AreLmEvals()
    {
        double[] answers = [1, 0, 0, 1, 1, 0, 1, 1];
        Assert.Equal(Math.Sqrt(15.0 / 8 / 7) / Math.Sqrt(8), HarnessErrors.OfMean(answers), 12);
        Assert.True(double.IsNaN(HarnessErrors.OfMean([1])));
        // Two chunks of a thousand, seeded 0 and 1, computed with CPython's random.
        Assert.Equal(1.3461075782347707, HarnessErrors.Bootstrap([1, 2, 4, 8], values => values.Average(), 2000), 10);
    }

    [Fact]
    public void Pooled_TwoTasks_WeighsByTheirSizes()
        // lm-eval: √(Σ (n − 1) · se² · n / (Σ n − tasks)) / √(Σ n)
        => Assert.Equal(Math.Sqrt((9 * 0.04 * 10 + 29 * 0.01 * 30) / 38) / Math.Sqrt(40), HarnessErrors.Pooled([0.2, 0.1], [10, 30]), 12);

    [Fact]
    public void OfRatio_EqualDenominators_IsTheErrorOfTheMean()
        => Assert.Equal(HarnessErrors.OfMean([3, 5, 10, 2]) / 2, HarnessErrors.OfRatio([3, 5, 10, 2], [2, 2, 2, 2]), 12);
}
