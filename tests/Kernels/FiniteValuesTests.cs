namespace AlpacaCot.Kernels.Tests;

public sealed class FiniteValuesTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void CountOthers_ScatteredNaNAndInfinities_AsThePlainVersionCounts(ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        // Longer than a part, and no multiple of a vector: the last lanes count as well.
        var values = torch.randn((1 << 20) + 37).to(type);
        Assert.Equal(0, FiniteValues.CountOthers(values));
        long[] places = [0, 1, 15, 16, 4097, 1 << 20, (1 << 20) + 36];
        foreach (var (place, i) in places.Select((place, i) => (place, i)))
            values[place] = (i % 3) switch { 0 => float.NaN, 1 => float.PositiveInfinity, _ => float.NegativeInfinity };
        Assert.Equal(places.Length, FiniteValues.CountPlain(values));
        Assert.Equal(places.Length, FiniteValues.CountOthers(values));
    }

    [Fact]
    public void CountOthers_StridedEmptyAndWholeNumbers_AreCountedToo()
    {
        using var scope = torch.NewDisposeScope();
        var matrix = torch.zeros(6, 5);
        matrix[4, 2] = float.NaN;
        Assert.Equal((1, 0, 0), (FiniteValues.CountOthers(matrix.t()), FiniteValues.CountOthers(matrix.narrow(0, 0, 4)), FiniteValues.CountOthers(matrix.narrow(1, 0, 2))));
        Assert.Equal((0, 0), (FiniteValues.CountOthers(torch.empty([0])), FiniteValues.CountOthers(torch.ones(3, torch.int64))));
    }

    [Theory]
    [InlineData(float.NaN, false)]
    [InlineData(float.PositiveInfinity, false)]
    [InlineData(float.NegativeInfinity, false)]
    [InlineData(float.MaxValue, true)]
    [InlineData(float.Epsilon, true)]
    public void All_OneValueAmongMany(float value, bool finite)
    {
        for (var length = 1; length < 40; length++)
            for (var at = 0; at < length; at++)
            {
                var values = new float[length];
                values[at] = value;
                Assert.Equal(finite, FiniteValues.All(values));
            }
    }
}
