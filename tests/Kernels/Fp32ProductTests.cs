using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

/// <summary>Products in fp32 by registers of sixteen numbers, which .NET computes as two of eight where the processor has none.</summary>
public sealed class Fp32ProductTests
{
    [Theory]
    [InlineData(1, 1, 1, true)]
    [InlineData(4, 33, 7, false)]
    [InlineData(6, 16, 64, true)]
    [InlineData(12, 8, 96, false)]        // half a panel at the end
    [InlineData(13, 512, 130, true)]
    [InlineData(29, 513, 65, false)]      // in pieces, the last of one number
    [InlineData(7, 1300, 160, true)]
    [InlineData(600, 40, 72, true)]       // more rows than read a weight where it lies
    public void Times_OfAnyStrides_AsTheOperatorInFp64(int rows, int inner, int columns, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var (x, weight, bias) = Factors(rows, inner, columns);
        var expected = torch.nn.functional.linear(x.to(torch.float64), weight.to(torch.float64), withBias ? bias.to(torch.float64) : null).to(torch.float32).ToArray<float>();
        foreach (var left in new[] { x, Turned(x), Spread(x) })
            foreach (var right in new[] { weight, Turned(weight), Spread(weight) })
            {
                var y = Fp32Product.Times(left, right, withBias ? bias : null);
                Assert.Equal([rows, columns], y.shape);
                Setup.AssertClose(expected, y.ToArray<float>(), 2e-5);
            }
    }

    [Fact]
    public void Times_OfNoRows_IsEmpty()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal([0L, 5], Fp32Product.Times(torch.zeros(0, 3), torch.ones(5, 3), null).shape);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Times_RowsAloneOrOnManyThreads_SameBits(bool turned)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var (x, weight, bias) = Factors(620, 700, 100);
        if (turned) weight = Turned(weight);
        var threads = Threads.Count;
        try
        {
            Threads.Count = 1;
            var all = Fp32Product.Times(x, weight, bias);
            foreach (var (start, count) in ((int, int)[])[(0, 1), (47, 3), (119, 501)])
                Assert.Equal(all.narrow(0, start, count).ToArray<float>(), Fp32Product.Times(x.narrow(0, start, count), weight, bias).ToArray<float>());
            Threads.Count = 3;
            Assert.Equal(all.ToArray<float>(), Fp32Product.Times(x, weight, bias).ToArray<float>());
        }
        finally
        {
            Threads.Count = threads;
        }
    }

    [Fact]
    public void Times_ARowThatIsNoNumber_ReachesNoOther()
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var (x, weight, bias) = Factors(15, 64, 70);
        var before = Fp32Product.Times(x, weight, bias);
        x[13].fill_(float.NaN);
        var after = Fp32Product.Times(x, weight, bias);
        Assert.All(after[13].ToArray<float>(), value => Assert.True(float.IsNaN(value)));
        Assert.Equal(before.narrow(0, 0, 13).ToArray<float>(), after.narrow(0, 0, 13).ToArray<float>());
        Assert.Equal(before[14].ToArray<float>(), after[14].ToArray<float>());
    }

    private static (Tensor X, Tensor Weight, Tensor Bias) Factors(int rows, int inner, int columns)
    {
        using var g = new Generator(41);
        return (torch.randn([rows, inner], generator: g), torch.randn([columns, inner], generator: g) / Math.Sqrt(inner), torch.randn([columns], generator: g));
    }

    // The same numbers, columns one after the other.
    private static Tensor Turned(Tensor x) => x.t().contiguous().t();

    // The same numbers, others between them.
    private static Tensor Spread(Tensor x)
    {
        var wide = torch.full([x.size(0), 2 * x.size(1)], float.NaN);
        var every = torch.arange(0, 2 * x.size(1), 2);
        wide.index_copy_(1, every, x);
        return wide.as_strided([x.size(0), x.size(1)], [2 * x.size(1), 2], 0);
    }
}
