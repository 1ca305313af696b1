namespace AlpacaCot.Kernels.Tests;

/// <summary>Dropout by keys: what is dropped follows from a row's key alone, backward the same as forward, at sizes that fill no vector and at others.</summary>
public sealed class RowMaskTests
{
    private const double Share = 0.25;

    private static ulong[] Keys(int rows) => [.. Enumerable.Range(1, rows).Select(i => (ulong)i * 0x9E3779B97F4A7C15)];

    // What every element is multiplied by.
    private static Tensor Factors(ulong[] keys, int width) => new RowMask(keys, Share).Apply(torch.ones(keys.Length, width));

    [Fact]
    public void Apply_Ones_DropsTheShareAndScalesTheRestUp()
    {
        using var scope = torch.NewDisposeScope();
        var factors = Factors(Keys(40), 500).ToArray<float>();
        Assert.Equal(Share, factors.Count(x => x == 0) / 20_000.0, 0.01);
        Assert.All(factors, x => Assert.True(x == 0 || x == (float)(1 / (1 - Share))));
        // No channel and no row is dropped more often than chance has it (six standard deviations).
        for (var row = 0; row < 40; row++) Assert.Equal(Share, factors[(row * 500)..((row + 1) * 500)].Count(x => x == 0) / 500.0, 0.12);
        for (var column = 0; column < 500; column++) Assert.Equal(Share, Enumerable.Range(0, 40).Count(row => factors[row * 500 + column] == 0) / 40.0, 0.42);
    }

    [Fact]
    public void Apply_RowOfAKey_DropsAlikeWhateverStandsBesideItAndHoweverWideItIs()
    {
        using var scope = torch.NewDisposeScope();
        var keys = Keys(9);
        var all = Factors(keys, 80);
        for (var row = 0; row < 9; row++)
        {
            Assert.Equal(all[row].ToArray<float>(), Factors([keys[row]], 80).ToArray<float>());
            Assert.Equal(all[row].ToArray<float>()[..37], Factors([keys[row]], 37).ToArray<float>());
        }
        Assert.Equal(all.ToArray<float>(), new RowMask(keys, Share).Apply(torch.ones(9, 80).to(ScalarType.BFloat16)).to(ScalarType.Float32).ToArray<float>(), (x, y) => (x == 0) == (y == 0));
        Assert.Equal(9, Enumerable.Range(0, 9).Select(row => string.Join(',', all[row].ToArray<float>())).Distinct().Count());
    }

    /// <summary>Rows count on from their keys: where two counts meet, the rows must not drop the same elements, a few columns apart.</summary>
    [Fact]
    public void Apply_RowsWhoseCountsMeet_DropOtherElements()
    {
        using var scope = torch.NewDisposeScope();
        var factors = Factors([5, 5 + 16 + (0xC0FFEE77UL << 32), 5 + (0xDEADBEEFUL << 32)], 512);
        float[] first = factors[0].ToArray<float>(), second = factors[1].ToArray<float>(), third = factors[2].ToArray<float>();
        Assert.NotEqual(first[16..], second[..^16]);
        Assert.True(first.Zip(third).Count(pair => pair.First == 0 && pair.Second == 0) < 64);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 5, 64)]
    [InlineData(ScalarType.Float32, 40, 37)]
    [InlineData(ScalarType.BFloat16, 33, 100)]
    [InlineData(ScalarType.BFloat16, 1, 7)]
    public void Apply_WithAGradient_IsAProductWithItsFactors(ScalarType type, int rows, int width)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(101);
        var (mask, factors) = (new RowMask(Keys(rows), Share), Factors(Keys(rows), width));
        Setup.Compare(type, [torch.randn([rows, width], generator: g).to(type)], t => mask.Apply(t[0]), t => t[0] * factors);
    }

    [Theory]
    [InlineData(ScalarType.Float32, MiddleFunction.None, 23, 64, 40, 8)]
    [InlineData(ScalarType.Float32, MiddleFunction.Silu, 4, 37, 29, 7)]
    [InlineData(ScalarType.BFloat16, MiddleFunction.None, 9, 48, 70, 3)]
    [InlineData(ScalarType.BFloat16, MiddleFunction.Tanh, 21, 96, 64, 12)]
    [InlineData(ScalarType.Float32, MiddleFunction.None, 6, 80, 90, 70)] // a rank that goes by operators
    [InlineData(ScalarType.Float32, MiddleFunction.Relu, 6, 80, 90, 1100)]
    public void LowRankAndBottleneck_WhoseInputIsDropped_EqualTheirDefinition(ScalarType type, MiddleFunction function, int rows, int width, int outWidth, int size)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(102);
        var (mask, factors) = (new RowMask(Keys(rows), Share), Factors(Keys(rows), width));
        Tensor x = torch.randn([rows, width], generator: g).to(type), a = torch.randn([size, width], generator: g) / 8, b = torch.randn([outWidth, size], generator: g) / size, y = torch.randn([rows, outWidth], generator: g).to(type);
        Setup.Compare(
            type, [x, a, b, y], t => function == MiddleFunction.None ? Functional.LowRank(t[0], t[1], t[2], 0.7, t[3], mask) : Functional.Bottleneck(t[0], t[1], t[2], 0.7, t[3], function, mask),
            t => t[3] + function.Of((t[0] * factors).mm(t[1].t())).mm(t[2].t()) * 0.7);
    }

    /// <summary>What is added to is not dropped, though the update that is added reads it so.</summary>
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Bottleneck_AddedToItsOwnInput_HasBothGradients(ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(103);
        var (mask, factors) = (new RowMask(Keys(6), Share), Factors(Keys(6), 45));
        Tensor x = torch.randn([6, 45], generator: g).to(type), a = torch.randn([9, 45], generator: g) / 8, b = torch.randn([45, 9], generator: g) / 4;
        Setup.Compare(type, [x, a, b], t => Functional.Bottleneck(t[0], t[1], t[2], 1.5, t[0], MiddleFunction.Tanh, mask), t => t[0] + (t[0] * factors).mm(t[1].t()).tanh().mm(t[2].t()) * 1.5);
    }

    [Fact]
    public void Apply_OtherNumberOfRows_Refused()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Contains("3 rows have 2 keys", Assert.Throws<ArgumentException>(() => new RowMask(Keys(2), Share).Apply(torch.ones(3, 8))).Message, StringComparison.Ordinal);
    }
}
