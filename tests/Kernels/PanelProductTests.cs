using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

/// <summary>Products by weights in panels, where the processor multiplies blocks of bf16 and, by the plain definition of these, elsewhere.</summary>
public sealed class PanelProductTests
{
    [Theory]
    [InlineData(0, 8, 5, true)]
    [InlineData(1, 2, 1, false)]
    [InlineData(7, 34, 72, true)]
    [InlineData(48, 64, 64, false)]
    [InlineData(130, 96, 200, true)]
    [InlineData(203, 512, 33, false)]
    [InlineData(9, 2050, 150, true)]       // in pieces, the last of them short
    [InlineData(101, 4100, 70, false)]     // and the last block takes rows of the one above it along
    public void Times_EitherDirection_AsThePlainDefinition(int rows, int inner, int columns, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        var (x, b, bias) = Factors(rows, inner, columns);
        var expected = x.to(torch.float64).mm(b.to(torch.float64));
        if (withBias) expected = expected + bias.to(torch.float64);
        using PanelMatrix plain = PanelMatrix.Of(b), transposed = PanelMatrix.OfTransposed(b.t().contiguous());
        var y = PanelProduct.Times(x, plain, withBias ? bias : null);
        Assert.Equal([rows, columns], y.shape);
        // Rounded once: half a unit in the last place of bf16, and what fp32 loses of the sum.
        Setup.AssertClose(expected.to(torch.float32).ToArray<float>(), y.to(torch.float32).ToArray<float>(), 1.0 / 256 + 1e-5);
        Assert.Equal(y.to(torch.float32).ToArray<float>(), PanelProduct.Times(x, transposed, withBias ? bias : null).to(torch.float32).ToArray<float>());
    }

    [Fact]
    public void Times_RowsAloneOrOnManyThreads_SameBits()
    {
        using var scope = torch.NewDisposeScope();
        var (x, b, _) = Factors(250, 2300, 130);
        using var matrix = PanelMatrix.Of(b);
        var threads = Threads.Count;
        try
        {
            Threads.Count = 1;
            var all = PanelProduct.Times(x, matrix, null).to(torch.float32);
            foreach (var (start, count) in ((int, int)[])[(0, 1), (47, 3), (200, 50)])
                Assert.Equal(all.narrow(0, start, count).ToArray<float>(), PanelProduct.Times(x.narrow(0, start, count).contiguous(), matrix, null).to(torch.float32).ToArray<float>());
            Threads.Count = 3;
            Assert.Equal(all.ToArray<float>(), PanelProduct.Times(x, matrix, null).to(torch.float32).ToArray<float>());
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
        var (x, b, _) = Factors(60, 64, 70);
        using var matrix = PanelMatrix.Of(b);
        var before = PanelProduct.Times(x, matrix, null).to(torch.float32);
        x[5].fill_(float.NaN);
        x[6, 0].fill_(float.PositiveInfinity);
        var after = PanelProduct.Times(x, matrix, null).to(torch.float32);
        Assert.All(after[5].ToArray<float>(), value => Assert.True(float.IsNaN(value)));
        Assert.All(after[6].ToArray<float>(), value => Assert.False(float.IsFinite(value)));
        Assert.Equal(before.narrow(0, 0, 5).ToArray<float>(), after.narrow(0, 0, 5).ToArray<float>());
        Assert.Equal(before.narrow(0, 7, 53).ToArray<float>(), after.narrow(0, 7, 53).ToArray<float>());
    }

    private static (Tensor X, Tensor B, Tensor Bias) Factors(int rows, int inner, int columns)
    {
        using var g = new Generator(31);
        Tensor Random(params long[] shape) => torch.randn(shape, generator: g).to(torch.bfloat16);
        return (Random(rows, inner), Random(inner, columns), Random(columns));
    }
}
