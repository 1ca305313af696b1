using AlpacaCot.Statistics;

namespace AlpacaCot.Tests.Statistics;

/// <summary>Against what CPython's <c>random</c> gives for the same seeds: few-shot samples and bootstraps of the harness come from it.</summary>
public sealed class PythonRandomTests
{
    [Theory]
    [InlineData(1234, 0.9664535356921388)]
    [InlineData(-1234, 0.9664535356921388)]
    [InlineData((1L << 40) + 5, 0.5043802970418443)]
    public void NextDouble_Seed_IsPythons(long seed, double first) => Assert.Equal(first, new PythonRandom(seed).NextDouble());

    [Fact]
    public void NextDouble_AfterTheStateIsRefilled_IsPythons()
    {
        var random = new PythonRandom(9);
        for (var i = 0; i < 699; i++) random.NextDouble();
        Assert.Equal(0.09400302977376296, random.NextDouble());
    }

    [Fact]
    public void Sample_FromManyOrFew_IsPythons()
    {
        Assert.Equal([654, 114, 25], new PythonRandom(42).Sample([.. Enumerable.Range(0, 1000)], 3));
        Assert.Equal([1, 0, 5, 2], new PythonRandom(42).Sample([.. Enumerable.Range(0, 8)], 4));
        Assert.Equal([3, 0, 8, 7, 16, 2], new PythonRandom(42).Sample([.. Enumerable.Range(0, 20)], 6));
    }

    [Fact]
    public void Shuffle_TenNumbers_IsPythons()
    {
        int[] numbers = [.. Enumerable.Range(0, 10)];
        new PythonRandom(7).Shuffle(numbers);
        Assert.Equal([8, 3, 1, 4, 7, 0, 9, 6, 2, 5], numbers);
    }

    [Fact]
    public void Choices_FiveLetters_ArePythons()
    {
        var chosen = new char[8];
        new PythonRandom(3).Choices("abcde".AsSpan(), chosen);
        Assert.Equal("bcbddaae", new string(chosen));
    }

    [Fact]
    public void NextBetween_BothEndsBelong_IsPythons()
    {
        var random = new PythonRandom(5);
        Assert.Equal([1, -1, 2, -1, 3, 2, 3, 2], Enumerable.Range(0, 8).Select(_ => random.NextBetween(-3, 3)));
    }

    [Fact]
    public void NextBits_SeveralWidths_ArePythons()
    {
        var random = new PythonRandom(5);
        Assert.Equal([1u, 32u, 3185950873u], new[] { random.NextBits(1), random.NextBits(7), random.NextBits(32) });
    }
}
