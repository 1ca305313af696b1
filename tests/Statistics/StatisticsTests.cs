using AlpacaCot.Statistics;

namespace AlpacaCot.Tests.Statistics;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("flaw", "lawn", 2)]
    [InlineData("abc", "", 3)]
    [InlineData("12345", "12435", 2)]
    [InlineData("思考", "思索", 1)]
    [InlineData("a😀b", "ab", 1)]
    public void Characters_KnownPairs_GiveTheirDistance(string a, string b, int distance)
    {
        Assert.Equal(distance, EditDistance.Characters(a, b));
        Assert.Equal(distance, EditDistance.Characters(b, a));
    }

    [Fact]
    public void Between_RandomSequences_EqualsTheRecursiveDefinition()
    {
        var random = new Random(1);
        for (var n = 0; n < 300; n++)
        {
            var a = Enumerable.Range(0, random.Next(7)).Select(_ => random.Next(3)).ToArray();
            var b = Enumerable.Range(0, random.Next(7)).Select(_ => random.Next(3)).ToArray();
            Assert.Equal(Defined(a, b), EditDistance.Between<int>(a, b));
        }

        static int Defined(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
            => a.Length == 0 ? b.Length
                : b.Length == 0 ? a.Length
                : Math.Min(Math.Min(Defined(a[1..], b), Defined(a, b[1..])) + 1, Defined(a[1..], b[1..]) + (a[0] == b[0] ? 0 : 1));
    }

    [Fact]
    public void CharacterErrorRate_Corpus_WeighsByReferenceLength()
    {
        Assert.Equal(3.0 / 10, EditDistance.CharacterErrorRate([("123", "124"), ("1234567", "1230067")]), 12);
        Assert.Equal(0, EditDistance.CharacterErrorRate([("", "")]));
        Assert.Equal(double.PositiveInfinity, EditDistance.CharacterErrorRate([("1", "")]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2.5)]
    [InlineData(30)]
    [InlineData(1000)]
    [InlineData(1e6)]
    public void Quantile_OfT_InvertsItsCdf(double df)
    {
        foreach (var p in (double[])[1e-12, 1e-6, 0.01, 0.3, 0.499999, 0.5, 0.7, 0.999, 1 - 1e-12])
            Assert.Equal(1, StudentT.Cdf(StudentT.Quantile(p, df), df) / p, 10);
    }

    [Fact]
    public void Quantile_OfTwoDegrees_IsItsClosedForm()
    {
        foreach (var p in (double[])[0.001, 0.2, 0.6, 0.975])
            Assert.Equal((2 * p - 1) / Math.Sqrt(2 * p * (1 - p)), StudentT.Quantile(p, 2), 10);
    }

    [Fact]
    public void Paired_DifferencesThatDoNotVary_HaveNoOrACertainAnswer()
    {
        Assert.Equal(0, TTests.Paired([2, 3, 4], [1, 2, 3]).P);
        Assert.True(double.IsNaN(TTests.Paired([1, 2], [1, 2]).P));
    }

    [Fact]
    public void Means_SeededGenerator_ComeAgain()
    {
        double[] values = [1, 2, 3, 4];
        var means = Bootstrap.Means(values, 500, new Random(7));
        Assert.Equal(means, Bootstrap.Means(values, 500, new Random(7)));
        Assert.True(Bootstrap.Percentile(means).Contains(2.5));
        Assert.All(means, m => Assert.InRange(m, 1, 4));
    }

    [Fact]
    public void Arguments_OutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => Descriptive.Mean([]));
        Assert.Throws<ArgumentException>(() => Intervals.T([1]));
        Assert.Throws<ArgumentException>(() => TTests.Paired([1, 2], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Intervals.Wilson(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => NormalDistribution.Quantile(1.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Cdf(0, 0));
    }
}
