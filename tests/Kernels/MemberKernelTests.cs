namespace AlpacaCot.Kernels.Tests;

/// <summary>What members of a pack compute outside the base, each kernel against its plain definition, at sizes that fill no vector and at others.</summary>
public sealed class MemberKernelTests
{
    private static Tensor Leaf(Tensor values) => values.detach().clone().requires_grad_();

    public static TheoryData<ScalarType, MiddleFunction, int, int, int, int> Bottlenecks()
    {
        var data = new TheoryData<ScalarType, MiddleFunction, int, int, int, int>();
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
            foreach (var function in Enum.GetValues<MiddleFunction>())
            {
                data.Add(type, function, 23, 64, 40, 8);
                data.Add(type, function, 4, 37, 29, 7);
                data.Add(type, function, 1, 48, 70, 3);
                data.Add(type, function, 21, 96, 64, 130);
            }
        return data;
    }

    [Theory]
    [MemberData(nameof(Bottlenecks))]
    public void Bottleneck_WithGradients_EqualsItsDefinition(ScalarType type, MiddleFunction function, int rows, int width, int outWidth, int size)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(91);
        Tensor x = torch.randn([rows, width], generator: g).to(type), a = torch.randn([size, width], generator: g) / 8, b = torch.randn([outWidth, size], generator: g) / 4, y = torch.randn([rows, outWidth], generator: g).to(type);
        Setup.Compare(type, [x, a, b, y], t => Functional.Bottleneck(t[0], t[1], t[2], 0.7, t[3], function), t => t[3] + function.Of(t[0].mm(t[1].t())).mm(t[2].t()) * 0.7);
    }

    /// <summary>A sequential adapter adds to what it reads: the gradient reaches it both ways.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 19)]
    [InlineData(ScalarType.BFloat16, 6)]
    public void Bottleneck_AddedToItsOwnInput_HasBothGradients(ScalarType type, int rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(92);
        Tensor x = torch.randn([rows, 45], generator: g).to(type), a = torch.randn([9, 45], generator: g) / 8, b = torch.randn([45, 9], generator: g) / 4;
        Setup.Compare(type, [x, a, b], t => Functional.Bottleneck(t[0], t[1], t[2], 1.5, t[0], MiddleFunction.Tanh), t => t[0] + t[0].mm(t[1].t()).tanh().mm(t[2].t()) * 1.5);
    }

    /// <summary>Rows go through in fours and singly: a row's numbers must not depend on which of the two it was.</summary>
    [Theory]
    [InlineData(8, 64)]
    [InlineData(5, 50)]
    public void LowRank_OfARow_IsTheSameBitsWhateverStandsBesideIt(int rank, int width)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(93);
        Tensor x = torch.randn([7, width], generator: g), y = torch.randn([7, 33], generator: g), a = torch.randn([rank, width], generator: g), b = torch.randn([33, rank], generator: g);
        var all = Functional.LowRank(x, a, b, 2, y);
        for (var row = 0; row < 7; row++)
            Assert.Equal(all[row].ToArray<float>(), Functional.LowRank(x.narrow(0, row, 1), a, b, 2, y.narrow(0, row, 1)).ToArray<float>());
    }

    [Fact]
    public void Tanh_FromTheSmallestToTheLargest_IsNearTheTrueOne()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.cat([torch.linspace(-12, 12, 9_600), torch.logspace(-30, 1, 320), torch.tensor(new[] { 0f, -0f, 0.6249999f, 0.625f, 100f, -100f, float.PositiveInfinity, float.NegativeInfinity, float.NaN })]).unsqueeze(1);
        var (one, none) = (torch.ones(1, 1), torch.zeros(x.size(0), 1));
        var found = Functional.Bottleneck(x, one, one, 1, none, MiddleFunction.Tanh).ToArray<float>();
        var values = x.ToArray<float>();
        for (var i = 0; i < found.Length; i++)
        {
            var wanted = Math.Tanh(values[i]);
            if (double.IsNaN(wanted)) Assert.True(float.IsNaN(found[i]));
            else Assert.True(Math.Abs(found[i] - wanted) <= 2.5e-7 * Math.Abs(wanted), $"tanh {values[i]:R} is {wanted:R}, not {found[i]:R}");
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 5, 64)]
    [InlineData(ScalarType.Float32, 40, 37)]
    [InlineData(ScalarType.BFloat16, 33, 100)]
    [InlineData(ScalarType.BFloat16, 1, 7)]
    public void ScaleRows_WithGradients_EqualsItsDefinition(ScalarType type, int rows, int width)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(94);
        Setup.Compare(type, [torch.randn([rows, width], generator: g).to(type), torch.randn([width], generator: g)], t => Functional.ScaleRows(t[0], t[1]), t => t[0] * t[1]);
    }

    [Fact]
    public void ScaleRows_OfRowsWithoutAGradient_GivesTheFactorsTheirs()
    {
        using var scope = torch.NewDisposeScope();
        var (x, factors) = (torch.arange(6, ScalarType.Float32).view(2, 3), Leaf(torch.ones(3)));
        Autograd.Backward(Functional.ScaleRows(x, factors), torch.ones(2, 3));
        Assert.Equal([3f, 5f, 7f], factors.grad!.ToArray<float>());
        Assert.Null(x.grad);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 3)]
    [InlineData(ScalarType.BFloat16, 70_001)]
    public void CutAndJoin_WithGradients_AreSplitAndCat(ScalarType type, int width)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(95);
        long[] lengths = [2, 1, 4];
        // One part is not read, one is read twice.
        Tensor Mixed(Tensor[] parts, Func<Tensor[], Tensor> join) => join([parts[2] * 3, parts[0], parts[2]]);
        Setup.Compare(type, [torch.randn([7, width], generator: g).to(type)], t => Mixed(RowRuns.Cut(t[0], lengths), RowRuns.Join), t => Mixed(t[0].split(lengths, 0), parts => torch.cat(parts, 0)));
    }

    [Fact]
    public void CutAndJoin_OfHeads_KeepTheirShape()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.arange(24, ScalarType.Float32).view(4, 2, 3).requires_grad_();
        var turned = RowRuns.Join([.. RowRuns.Cut(x, [1, 3]).Reverse()]);
        Assert.Equal([4L, 2, 3], turned.shape);
        Assert.Equal(torch.cat([x.narrow(0, 1, 3), x.narrow(0, 0, 1)]).ToArray<float>(), turned.ToArray<float>());
        Autograd.Backward(turned, torch.arange(24, ScalarType.Float32).view(4, 2, 3));
        Assert.Equal([18f, 19f, 20f, 21f, 22f, 23f, 0f, 1f], x.grad!.ToArray<float>()[..8]);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Share_RunsBesideTheWhole_AddUpTheirGradients(ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(96);
        Tensor Both(Tensor whole, Tensor[] runs) => torch.cat([whole.exp(), runs[0] * 2, runs[1].sin()], 0);
        Setup.Compare(type, [torch.randn([6, 5], generator: g).to(type)], t =>
        {
            var (whole, runs) = RowRuns.Share(t[0], [(0, 2), (3, 3)]);
            return Both(whole, runs);
        }, t => Both(t[0], [t[0].narrow(0, 0, 2), t[0].narrow(0, 3, 3)]));
    }

    [Fact]
    public void Share_AWholeThatNobodyReads_HasTheGradientsOfItsRunsAlone()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(4, 2).requires_grad_();
        var (_, runs) = RowRuns.Share(x, [(1, 2)]);
        Autograd.Backward(runs[0] * 3, torch.ones(2, 2));
        Assert.Equal([0f, 0, 3, 3, 3, 3, 0, 0], x.grad!.ToArray<float>());
    }
}
