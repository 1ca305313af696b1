using AlpacaCot.Torch.Kernels;

namespace AlpacaCot.Torch.Tests;

/// <summary>The fused attention against its definition, segment by segment, and that definition against the formula (see FunctionalTests).</summary>
public sealed class AttentionTests
{
    public sealed record Case(string Name, ScalarType Type, int Heads, int KvHeads, int D, int[] Lengths, int Extra = 0, int Window = 0, bool Alibi = false, int Prefix = 0)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<Case> Cases =>
    [
        new Case("one token", ScalarType.Float32, 2, 2, 16, [1]),
        new Case("ragged", ScalarType.Float32, 4, 4, 64, [5, 70, 1, 33]),
        new Case("groups and a narrow head", ScalarType.Float32, 6, 2, 12, [40, 17]),
        new Case("bf16", ScalarType.BFloat16, 4, 2, 64, [100, 31, 64]),
        new Case("learned keys in front", ScalarType.Float32, 2, 1, 24, [9, 3, 50], Extra: 7),
        new Case("window", ScalarType.Float32, 2, 2, 16, [80, 6], Window: 20),
        new Case("alibi", ScalarType.Float32, 4, 4, 8, [37, 2], Alibi: true),
        new Case("prefix", ScalarType.Float32, 2, 2, 32, [45, 12], Prefix: 10),
    ];

    private static int[] Bounds(int[] lengths, int extra = 0)
    {
        var bounds = new int[lengths.Length + 1];
        for (var s = 0; s < lengths.Length; s++) bounds[s + 1] = bounds[s] + lengths[s] + extra;
        return bounds;
    }

    private static (AttentionOptions Options, float[]? Alibi, int[]? Prefix) Options(Case c)
    {
        var alibi = c.Alibi ? Enumerable.Range(1, c.Heads).Select(h => MathF.Pow(2, -h)).ToArray() : null;
        var prefix = c.Prefix > 0 ? c.Lengths.Select(n => Math.Min(n, c.Prefix)).ToArray() : null;
        return (new AttentionOptions(1 / MathF.Sqrt(c.D), c.Window, alibi, prefix), alibi, prefix);
    }

    private static Tensor[] Cut(Tensor x, int[] bounds) => [.. Enumerable.Range(0, bounds.Length - 1).Select(s => x.narrow(0, bounds[s], bounds[s + 1] - bounds[s]))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void SegmentAttention_OfPackedRows_EqualsItsDefinition(Case c)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(9);
        int[] bounds = Bounds(c.Lengths), keyBounds = Bounds(c.Lengths, c.Extra);
        var (options, alibi, prefix) = Options(c);
        var inputs = new[] { (bounds[^1], c.Heads), (keyBounds[^1], c.KvHeads), (keyBounds[^1], c.KvHeads) }
            .Select(s => torch.randn([s.Item1, s.Item2, c.D], g).to(c.Type)).ToArray();
        var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
        var plain = Array.ConvertAll(inputs, t => t.to(ScalarType.Float32, copy: true).detach().requires_grad_());
        var y = torch.functional.segment_attention(mine[0], mine[1], mine[2], bounds, options.Scale, keyBounds, c.Window, alibi, prefix);
        var z = SegmentAttention.Reference(plain[0], Cut(plain[1], keyBounds), Cut(plain[2], keyBounds), bounds, options);
        var tolerance = c.Type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Assert.Equal(c.Type, y.dtype);
        Setup.AssertClose(z.data<float>(), y.data<float>(), tolerance);
        var dy = torch.randn(y.shape, g).to(c.Type);
        y.backward(dy);
        z.backward(dy.to(ScalarType.Float32));
        for (var i = 0; i < 3; i++) Setup.AssertClose(plain[i].grad!.data<float>(), mine[i].grad!.data<float>(), 4 * tolerance);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void CachedAttention_OfTheLastQueries_EqualsTheWhole(Case c)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        using var g = new Generator(10);
        var (options, alibi, prefix) = Options(c);
        int[] bounds = Bounds(c.Lengths), keyBounds = Bounds(c.Lengths, c.Extra);
        var q = torch.randn([bounds[^1], c.Heads, c.D], g).to(c.Type);
        var (k, v) = (torch.randn([keyBounds[^1], c.KvHeads, c.D], g).to(c.Type), torch.randn([keyBounds[^1], c.KvHeads, c.D], g).to(c.Type));
        var whole = torch.functional.segment_attention(q, k, v, bounds, options.Scale, keyBounds, c.Window, alibi, prefix);
        foreach (var last in (int[])[1, 6])
        {
            var lengths = c.Lengths.Select(n => Math.Min(n, last)).ToArray();
            var few = Bounds(lengths);
            Tensor Last(Tensor x) => torch.cat([.. lengths.Select((n, s) => x.narrow(0, bounds[s + 1] - n, n))]);
            // The cache lies in a larger tensor, as a real one does.
            Tensor[] Cache(Tensor x) => [.. Cut(x, keyBounds).Select(t => torch.cat([t, torch.full_like(t, double.NaN)], 0).narrow(0, 0, t.size(0)))];
            var y = torch.functional.cached_attention(Last(q), Cache(k), Cache(v), few, options.Scale, c.Window, alibi, prefix);
            Setup.AssertClose(Last(whole).data<float>(), y.data<float>(), c.Type == ScalarType.Float32 ? 1e-5 : 1e-2);
        }
    }

    [Fact]
    public void SegmentAttention_WithFrozenKeys_GivesGradientsOfQueriesAlone()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(11);
        var q = torch.randn([20, 2, 16], g).requires_grad_();
        var (k, v) = (torch.randn([20, 2, 16], g), torch.randn([20, 2, 16], g));
        torch.functional.segment_attention(q, k, v, [0, 8, 20]).sum().backward();
        Assert.NotNull(q.grad);
        Assert.Null(k.grad);
    }

    [Fact]
    public void SegmentAttention_OfStridedViews_EqualsThatOfCopies()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(12);
        var fused = torch.randn([30, 3, 4, 16], g).requires_grad_();
        var parts = fused.unbind(1);
        torch.functional.segment_attention(parts[0], parts[1], parts[2], [0, 30]).square().sum().backward();
        var views = fused.grad!.data<float>();
        fused.zero_grad();
        torch.functional.segment_attention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous(), [0, 30]).square().sum().backward();
        Assert.Equal(fused.grad!.data<float>(), views);
    }

    [Fact]
    public void SegmentAttention_OnTwoThreads_GivesTheSameBits()
    {
        float[] Run(int threads)
        {
            using var scope = torch.NewDisposeScope();
            using var g = new Generator(13);
            torch.set_num_threads(threads);
            try
            {
                var q = torch.randn([90, 4, 32], g).requires_grad_();
                var kv = torch.randn([90, 2, 32], g).requires_grad_();
                var y = torch.functional.segment_attention(q, kv, kv, [0, 20, 90]);
                y.square().sum().backward();
                return [.. y.data<float>(), .. q.grad!.data<float>(), .. kv.grad!.data<float>()];
            }
            finally
            {
                torch.set_num_threads(1);
            }
        }
        Assert.Equal(Run(1), Run(2));
    }

    [Fact]
    public void SegmentAttention_OfWrongShapes_Throws()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.zeros(4, 2, 8);
        Assert.Throws<TorchException>(() => torch.functional.segment_attention(x, x, x, [0, 3]));
        Assert.Throws<TorchException>(() => torch.functional.segment_attention(x, x, x, [0, 2, 2, 4]));
        Assert.Throws<TorchException>(() => torch.functional.segment_attention(x, torch.zeros(4, 3, 8), x, [0, 4]));
        Assert.Throws<TorchException>(() => torch.functional.cached_attention(x, [x[..2]], [x[..2]], [0, 4]));
    }

    [Fact]
    public unsafe void Gemm_OfPaddedMatrices_EqualsItsDefinition()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(14);
        Tensor a = torch.randn([12, 12], g), b = torch.randn([12, 112], g), c = torch.randn([12, 112], g), d = c.clone();
        float* pa = (float*)a.data_ptr(), pb = (float*)b.data_ptr();
        foreach (var (row, col) in ((int, int)[])[(12, 1), (1, 12)])
        {
            Gemm.Run(12, 112, 12, pa, row, col, pb, 112, (float*)c.data_ptr(), 112, true);
            Gemm.Reference(12, 112, 12, pa, row, col, pb, 112, (float*)d.data_ptr(), 112, true);
        }
        Setup.AssertClose(d.data<float>(), c.data<float>(), 1e-5);
    }
}
