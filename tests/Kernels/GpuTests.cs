using AlpacaCot.Kernels.Attention;

namespace AlpacaCot.Kernels.Tests;

/// <summary>
/// What a GPU computes, by libtorch's operators, against what the processor's kernels do: with the tensors on a GPU where there is one, and on the processor
/// the same calls as far as it has the operators.
/// </summary>
public sealed class GpuTests
{
    private static readonly bool _has = torch.cuda.is_available();

    public static TheoryData<string, ScalarType> Attentions => new MatrixTheoryData<string, ScalarType>(
        ["segments", "grouped heads", "window", "slopes", "last queries", "continued", "prompts", "soft bound", "odd width"], [ScalarType.Float32, ScalarType.BFloat16]);

    [Theory]
    [MemberData(nameof(Attentions))]
    public void SegmentAttention_OnAGpu_AsOnTheProcessor(string shape, ScalarType type)
    {
        var (inputs, queries, keys, continues, options) = Attention(shape);
        Compare(type, inputs, x => Functional.SegmentAttention(x[0], x[1], x[2], queries, keys, options, continues));
    }

    [Theory]
    [MemberData(nameof(Attentions))]
    public void PaddedAttention_OnTheProcessor_AsItsKernel(string shape, ScalarType type)
    {
        var (inputs, queries, keys, continues, options) = Attention(shape);
        Compare(type, inputs, x => GpuAttention.Apply(x[0], x[1], x[2], new AttentionSegments(queries, keys, continues), options),
            x => Functional.SegmentAttention(x[0], x[1], x[2], queries, keys, options, continues), torch.CPU);
    }

    private static (Tensor[] Inputs, int[] Queries, int[] Keys, int[]? Continues, AttentionOptions Options) Attention(string shape)
    {
        var (queries, keys, continues) = shape switch
        {
            "last queries" => ([0, 3, 4, 8], [0, 7, 12, 17], null),
            // The first is seen by those behind it alone.
            "continued" => ([0, 0, 5, 9, 15], [0, 6, 11, 15, 21], new[] { -1, 0, 0, -1 }),
            _ => (new[] { 0, 9, 10, 17 }, new[] { 0, 9, 10, 17 }, (int[]?)null),
        };
        var options = shape switch
        {
            "window" => new AttentionOptions(Window: 4),
            "slopes" => new AttentionOptions(Alibi: [0.5f, 0.25f, 0.125f, 0.0625f]),
            "prompts" => new AttentionOptions(Prefix: [4, 0, 3]),
            "soft bound" => new AttentionOptions(Cap: 3),
            _ => new AttentionOptions(Scale: 0.3),
        };
        long width = shape == "odd width" ? 10 : 16, heads = shape is "segments" ? 4 : 2;
        using var g = new Generator(5);
        return ([torch.randn([queries[^1], 4, width], generator: g), torch.randn([keys[^1], heads, width], generator: g), torch.randn([keys[^1], heads, width], generator: g)], queries, keys, continues, options);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void CachedAttention_OnAGpu_AsOnTheProcessor(ScalarType type)
    {
        Assert.SkipUnless(_has, "there is no NVIDIA GPU that libtorch can use");
        CompareCached(type, (q, k, v, bounds, options) => Functional.CachedAttention(q.cuda(), Array.ConvertAll(k, x => x.cuda()), Array.ConvertAll(v, x => x.cuda()), bounds, options));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void CachedAttention_PaddedOnTheProcessor_AsItsKernel(ScalarType type) => CompareCached(type, GpuAttention.Cached);

    private static void CompareCached(ScalarType type, Func<Tensor, Tensor[], Tensor[], int[], AttentionOptions, Tensor> attention)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(6);
        int[] lengths = [5, 40, 9], bounds = [0, 1, 1, 4];
        foreach (var options in (AttentionOptions[])[new(), new(Alibi: [0.5f, 0.25f, 0.125f, 0.0625f]), new(Window: 6)])
        {
            var q = torch.randn([4, 4, 16], generator: g).to(type);
            Tensor[] Held() => Array.ConvertAll(lengths, length => torch.randn([length, 2, 16], generator: g).to(type));
            var (k, v) = (Held(), Held());
            Setup.AssertClose(Functional.CachedAttention(q, k, v, bounds, options).ToArray<float>(), attention(q, k, v, bounds, options).ToArray<float>(), type == ScalarType.Float32 ? 2e-5 : 2e-2);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void PaddedAttention_SegmentThatIsNoNumber_ReachesNoOther(int bad)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(8);
        int[] bounds = [0, 4, 11, 13];
        var inputs = Array.ConvertAll(new int[3], _ => torch.randn([13, 2, 8], generator: g));
        foreach (var x in inputs) x.narrow(0, bounds[bad], bounds[bad + 1] - bounds[bad]).fill_(float.NaN);
        Tensor[] leaves = Array.ConvertAll(inputs, x => x.detach().requires_grad_());
        var y = GpuAttention.Apply(leaves[0], leaves[1], leaves[2], new AttentionSegments(bounds, bounds), new AttentionOptions());
        Autograd.Backward(y, torch.randn(y.shape, generator: g));
        foreach (var tensor in (Tensor[])[y, .. leaves.Select(leaf => leaf.grad!)])
            foreach (var other in Enumerable.Range(0, 3).Where(segment => segment != bad))
                Assert.All(tensor.narrow(0, bounds[other], bounds[other + 1] - bounds[other]).ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [InlineData(new[] { 2, 0, 1 })]
    [InlineData(new[] { 0, 1, 0, 1 })]                       // every row as often
    [InlineData(new[] { 3, 0, 0, 3, 1, 0, -1, 5, -1 })]      // and some of them not, some places nobody's
    public void RowTable_Rows_GradientOfEveryPlace(int[] rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(4);
        var table = new RowTable(rows, 6, torch.CPU);
        Tensor x = torch.randn([6, 2, 3], generator: g).requires_grad_(), dy = torch.randn([rows.Length, 2, 3], generator: g);
        var y = GpuRows.Take(x, table);
        Autograd.Backward(y, dy);
        var expected = torch.zeros([6, 2, 3]);
        for (var place = 0; place < rows.Length; place++)
        {
            if (rows[place] < 0) continue;
            Assert.Equal(x[rows[place]].ToArray<float>(), y[place].ToArray<float>());
            expected[rows[place]] += dy[place];
        }
        Setup.AssertClose(expected.ToArray<float>(), x.grad!.ToArray<float>(), 1e-6);
    }

    [Fact]
    public void RowTable_PlaceThatIsNoNumber_ReachesItsOwnRowAlone()
    {
        using var scope = torch.NewDisposeScope();
        var dy = torch.ones([6, 2]);
        dy.narrow(0, 0, 1).fill_(float.NaN);
        // Row 1 has two places and row 2 three.
        var dx = new RowTable([0, 1, 1, 2, 2, 2], 3, torch.CPU).Back(dy);
        Assert.Equal([2f, 2, 3, 3], dx.narrow(0, 1, 2).ToArray<float>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void LowRank_ByProductsOnTheProcessor_AsItsKernel(ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(3);
        Tensor x = torch.randn([9, 40], generator: g), a = torch.randn([4, 40], generator: g), b = torch.randn([24, 4], generator: g), y = torch.randn([9, 24], generator: g), dy = torch.randn([9, 24], generator: g);
        float[][] Run(Func<Tensor, Tensor, Tensor, Tensor, Tensor> update)
        {
            Tensor[] leaves = [x.to(type, copy: true).detach().requires_grad_(), a.detach().clone().requires_grad_(), b.detach().clone().requires_grad_(), y.to(type, copy: true).detach().requires_grad_()];
            var sum = update(leaves[0], leaves[1], leaves[2], leaves[3]);
            Assert.Equal(type, sum.dtype);
            Autograd.Backward(sum, dy.to(type));
            return [sum.ToArray<float>(), .. leaves.Select(leaf => leaf.grad!.ToArray<float>())];
        }
        var (want, have) = (Run((x, a, b, y) => Functional.LowRank(x, a, b, 0.7, y)), Run((x, a, b, y) => LowRankUpdate.ByProducts(x, a, b, 0.7, y)));
        foreach (var (w, h) in want.Zip(have)) Setup.AssertClose([.. w.Select(value => value / w.Max(Math.Abs))], [.. h.Select(value => value / w.Max(Math.Abs))], type == ScalarType.Float32 ? 1e-5 : 2e-2);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Functions_OnAGpu_AsOnTheProcessor(ScalarType type)
    {
        using var g = new Generator(7);
        Tensor Random(params long[] shape) => torch.randn(shape, generator: g);
        var angles = Random(6, 5);
        Tensor Cos(Tensor like) => angles.cos().to(like.device);
        Tensor Sin(Tensor like) => angles.sin().to(like.device);
        Compare(type, [Random(6, 40), Random(40)], x => Functional.RmsNorm(x[0], x[1], 1e-5));
        Compare(type, [Random(6, 40), Random(6, 40), Random(40)], x => Functional.AddRmsNorm(x[0], x[1], x[2], 1e-5) is var (sum, normed) ? torch.cat([sum, normed]) : x[0]);
        Compare(type, [Random(6, 3, 10)], x => Functional.Rotary(x[0], Cos(x[0]), Sin(x[0])));
        Compare(type, [Random(6, 3, 14)], x => Functional.Rotary(x[0], Cos(x[0]), Sin(x[0]), pairs: true));
        Compare(type, [Random(6, 40), Random(6, 40)], x => Functional.SwiGlu(x[0], x[1]));
        Compare(type, [Random(6, 40)], x => Functional.GeluTanh(x[0]));
        Compare(type, [Random(6, 40)], x => Functional.SelectRows(x[0], [1, 2, 5]));
        Compare(type, [Random(9, 40)], x => Functional.Embedding(torch.tensor([3L, 3, 0, 8]).to(x[0].device), x[0], padding: 0));
        Compare(type, [Random(6, 40), Random(24, 40)], x => Functional.Linear(x[0], x[1]));
        // Its factors stay fp32.
        Compare(type, [Random(6, 40), Random(6, 24)], x => Functional.LowRank(x[0], Up(x[0], 4, 40), Up(x[0], 24, 4), 0.5, x[1]));
        var mask = new RowMask([11, 22UL << 40, 33, 44UL << 50, 55, 66UL << 35], 0.25);
        Compare(type, [Random(6, 40)], x => mask.Apply(x[0]));
        Compare(type, [Random(6, 40), Random(6, 24)], x => Functional.LowRank(x[0], Up(x[0], 4, 40), Up(x[0], 24, 4), 0.5, x[1], mask));
        static Tensor Up(Tensor like, long rows, long columns) => (torch.arange(rows * columns).to(ScalarType.Float32).view(rows, columns).sin() / 4).to(like.device);
    }

    [Fact]
    public void Embedding_OnAGpu_GradientHasTheSameBitsEveryTime()
    {
        Assert.SkipUnless(_has, "there is no NVIDIA GPU that libtorch can use");
        using var scope = torch.NewDisposeScope();
        foreach (var count in (int[])[500, 20_000])
        {
            Tensor ids = torch.randint(0, 3, [count], ScalarType.Int64).cuda(), dy = torch.randn([count, 64]).cuda();
            float[] Gradient()
            {
                var table = torch.ones([3, 64]).cuda().detach().requires_grad_();
                Autograd.Backward(Functional.Embedding(ids, table), dy);
                return table.grad!.ToArray<float>();
            }
            Assert.Equal(Gradient(), Gradient());
        }
    }

    private static void Compare(ScalarType type, Tensor[] inputs, Func<Tensor[], Tensor> function)
    {
        Assert.SkipUnless(_has, "there is no NVIDIA GPU that libtorch can use");
        Compare(type, inputs, function, function, torch.device("cuda:0"));
    }

    // Values and gradients of both, the processor's in fp32.
    private static void Compare(ScalarType type, Tensor[] inputs, Func<Tensor[], Tensor> function, Func<Tensor[], Tensor> kernel, Device device)
    {
        using var scope = torch.NewDisposeScope();
        var mine = Array.ConvertAll(inputs, x => x.to(type, device, copy: true).detach().requires_grad_());
        var theirs = Array.ConvertAll(inputs, x => x.to(type).to(ScalarType.Float32, copy: true).detach().requires_grad_());
        Tensor y = function(mine), z = kernel(theirs);
        Assert.Equal((type, device.type), (y.dtype, y.device_type));
        Assert.Equal(z.shape, y.shape);
        var tolerance = type == ScalarType.Float32 ? 2e-5 : 2e-2;
        Setup.AssertClose(z.ToArray<float>(), y.ToArray<float>(), tolerance);
        using var g = new Generator(77);
        var dy = torch.randn(y.shape, generator: g).to(type);
        Autograd.Backward(y, dy.to(device));
        Autograd.Backward(z, dy.to(ScalarType.Float32));
        for (var i = 0; i < inputs.Length; i++) Setup.AssertClose(theirs[i].grad!.ToArray<float>(), mine[i].grad!.ToArray<float>(), 4 * tolerance);
    }
}
