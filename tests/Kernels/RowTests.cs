using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

/// <summary>The functions on rows in place against the plain definitions of the same functions on tensors.</summary>
public sealed class RowTests
{
    public static TheoryData<ScalarType, int> Types => new() { { ScalarType.Float32, 1 }, { ScalarType.Float32, 7 }, { ScalarType.BFloat16, 1 }, { ScalarType.BFloat16, 5 } };

    private static double Tolerance(ScalarType type) => type == ScalarType.Float32 ? 1e-5 : 1e-2;

    private static void AssertRows(Tensor expected, Rows actual) => Setup.AssertClose(expected.ToArray<float>(), actual.Tensor.ToArray<float>(), Tolerance(actual.Type));

    [Theory]
    [InlineData(ScalarType.Float32, 64)]
    [InlineData(ScalarType.Float32, 70)]
    [InlineData(ScalarType.BFloat16, 96)]
    [InlineData(ScalarType.BFloat16, 33)]
    public void Linear_SeveralWeightsAtOnce_EachAsItsDefinitionWhateverTheRowsBesideIt(ScalarType type, int k)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(31);
        int[] widths = [130, 64, 7];
        var x = torch.randn([9, k], generator: g).to(type);
        var weights = Array.ConvertAll(widths, n => torch.randn([n, k], generator: g).to(type));
        var biases = Array.ConvertAll(widths, n => n == 64 ? null : torch.randn([n], generator: g).to(type));
        Rows[] Run(Rows rows)
        {
            var ys = Array.ConvertAll(widths, n => new Rows(torch.zeros([rows.Count, n], type)));
            RowFunctional.Linear(rows, [.. ys.Select((y, i) => new RowProduct(weights[i], biases[i], y))]);
            return ys;
        }
        Threads.Count = 2;
        var all = Run(new Rows(x));
        Threads.Count = 1;
        for (var row = 0; row < 9; row++)
        {
            var alone = Run(new Rows(x).Slice(row, 1));
            for (var i = 0; i < widths.Length; i++)
            {
                AssertRows(MatVec.Reference(x.narrow(0, row, 1), weights[i], biases[i]), alone[i]);
                Assert.Equal(alone[i].Tensor.ToArray<float>(), all[i].Slice(row, 1).Tensor.ToArray<float>());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void RmsNorm_SwiGluAddScale_EqualTheirDefinitions(ScalarType type, int rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(32);
        Tensor x = torch.randn([rows, 53], generator: g).to(type), other = torch.randn([rows, 53], generator: g).to(type), w = torch.rand([53], generator: g).to(type);
        Rows Copy(Tensor t) => new(t.clone());
        var y = Copy(other);
        RowFunctional.RmsNorm(new Rows(x), w, 1e-5, y);
        AssertRows(RmsNorm.Reference(x, w, 1e-5), y);
        y = Copy(x);
        RowFunctional.SwiGlu(y, new Rows(other), y);
        AssertRows(SwiGlu.Reference(x, other), y);
        y = Copy(x);
        RowFunctional.Add(new Rows(other), y);
        AssertRows(x + other, y);
        y = Copy(x);
        var scale = torch.randn([53], generator: g);
        RowFunctional.Scale(y, scale);
        AssertRows((x * scale).to(type), y);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Rotary_HeadsOfEveryRow_EqualsItsDefinition(ScalarType type, int rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(33);
        foreach (var (d, half) in new[] { (64, 32), (12, 6), (12, 2) })
        {
            var x = torch.randn([rows, 3 * d], generator: g).to(type);
            Tensor cos = torch.randn([rows, half], generator: g), sin = torch.randn([rows, half], generator: g);
            var y = new Rows(x.clone());
            RowFunctional.Rotary(y, 3, cos.Span<float>(), sin.Span<float>());
            AssertRows(Rotary.Reference(x.view(rows, 3, d), cos, sin, false).reshape(rows, 3 * d), y);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 4, 2, 12)]
    [InlineData(ScalarType.Float32, 2, 2, 64)]
    [InlineData(ScalarType.BFloat16, 4, 1, 32)]
    [InlineData(ScalarType.BFloat16, 2, 1, 64)]
    [InlineData(ScalarType.Float32, 2, 2, 144)]
    public void Attention_OfSingleQueriesOverTheirCaches_EqualsItsDefinition(ScalarType type, int heads, int kvHeads, int d)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(34);
        int[] lengths = [1, 37, 16];
        var q = torch.randn([3, heads * d], generator: g).to(type);
        // The caches have room for more than is held; what lies there must not be seen.
        Tensor Cache(int length) => torch.cat([torch.randn([length, kvHeads, d], generator: g), torch.full([5, kvHeads, d], float.NaN)]).to(type);
        var caches = Array.ConvertAll(lengths, n => new CachedKeyValues(Cache(n), Cache(n), n));
        var y = new Rows(torch.empty([3, heads * d], type));
        RowFunctional.Attention(new Rows(q), heads, caches, y);
        var expected = Attention.SegmentAttention.Reference(q.view(3, heads, d), [.. caches.Select(c => c.Keys.narrow(0, 0, c.Length))], [.. caches.Select(c => c.Values.narrow(0, 0, c.Length))], [0, 1, 2, 3],
            new Attention.AttentionOptions());
        AssertRows(expected.reshape(3, heads * d), y);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 8)]
    [InlineData(ScalarType.Float32, 3)]
    [InlineData(ScalarType.BFloat16, 20)]
    public void LowRank_AddedToRows_EqualsItsDefinition(ScalarType type, int rank)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(35);
        Tensor x = torch.randn([3, 70], generator: g).to(type), y = torch.randn([3, 41], generator: g).to(type);
        Tensor a = torch.randn([rank, 70], generator: g), b = torch.randn([41, rank], generator: g);
        var rows = new Rows(y.clone());
        RowFunctional.LowRank(new Rows(x), a, b, 0.5, rows);
        AssertRows(LowRankRows.Reference(x, a, b, 0.5, y), rows);
    }

    [Theory]
    [InlineData(ScalarType.Float32, MiddleFunction.Tanh, 8)]
    [InlineData(ScalarType.Float32, MiddleFunction.Silu, 37)]
    [InlineData(ScalarType.BFloat16, MiddleFunction.Relu, 20)]
    public void Bottleneck_AddedToTheRowsThatItReads_EqualsItsDefinition(ScalarType type, MiddleFunction function, int size)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(38);
        Tensor x = torch.randn([3, 70], generator: g).to(type), a = torch.randn([size, 70], generator: g) / 8, b = torch.randn([70, size], generator: g) / 4;
        var rows = new Rows(x.clone());
        RowFunctional.Bottleneck(rows, a, b, 0.5, rows, function);
        AssertRows((x.to(ScalarType.Float32) + function.Of(x.to(ScalarType.Float32).mm(a.t())).mm(b.t()) * 0.5).to(type), rows);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void ArgMax_TiesNaNsAndInfinities_EqualsItsDefinition(ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(36);
        foreach (var n in (int[])[1, 15, 16, 40, 1003])
        {
            var x = torch.randn([9, n], generator: g).to(type);
            x[1].fill_(2.5);
            x[2].fill_(float.NegativeInfinity);
            x[3, n / 2] = float.NaN;
            x[4, n - 1] = float.NaN;
            x[5, n - 1] = float.PositiveInfinity;
            x[6, n / 3] = float.PositiveInfinity;
            x[7, n - 1] = 100;
            x[7, n / 2] = 100;
            int[] expected = new int[9], actual = new int[9];
            float[] values = new float[9], found = new float[9];
            ArgMax.Reference(x, expected, values);
            Functional.ArgMax(x, actual, found);
            Assert.Equal(expected, actual);
            Assert.Equal(values, found);
        }
    }

    [Fact]
    public void Functions_OfShapesThatDoNotFit_Throw()
    {
        using var scope = torch.NewDisposeScope();
        Rows x = new(torch.zeros(2, 8)), y = new(torch.zeros(2, 8)), narrow = new(torch.zeros(2, 6));
        Assert.Throws<ArgumentException>(() => new Rows(torch.zeros(4)));
        Assert.Throws<ArgumentException>(() => new Rows(torch.zeros(4, 4).t().narrow(0, 0, 2)));
        Assert.Throws<ArgumentException>(() => new Rows(torch.zeros([2, 2], ScalarType.Float64)));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Slice(1, 2));
        Assert.Throws<ArgumentException>(() => RowFunctional.Linear(x, new RowProduct(torch.zeros(8, 7), null, y)));
        Assert.Throws<ArgumentException>(() => RowFunctional.Linear(x, new RowProduct(torch.zeros(8, 8), torch.zeros(7), y)));
        Assert.Throws<ArgumentException>(() => RowFunctional.RmsNorm(x, torch.zeros(7), 1e-6, y));
        Assert.Throws<ArgumentException>(() => RowFunctional.SwiGlu(x, narrow, y));
        Assert.Throws<ArgumentException>(() => RowFunctional.Add(narrow, y));
        Assert.Throws<ArgumentException>(() => RowFunctional.Scale(x, torch.zeros(7)));
        Assert.Throws<ArgumentException>(() => RowFunctional.LowRank(x, torch.zeros(2, 8), torch.zeros(7, 2), 1, y));
        Assert.Throws<ArgumentException>(() => RowFunctional.Rotary(x, 3, new float[2], new float[2]));
        Assert.Throws<ArgumentException>(() => RowFunctional.Attention(x, 2, [new CachedKeyValues(torch.zeros(4, 2, 4), torch.zeros(4, 2, 4), 5), default], y));
        Assert.Throws<ArgumentException>(() => x.CopyRow(0, torch.zeros(1, 8), 1));
        Assert.Throws<ArgumentException>(() => Functional.ArgMax(torch.zeros(2, 3), new int[3], new float[3]));
    }
}
