using AlpacaCot.Kernels.Attention;

using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

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

    private static AttentionOptions Options(Case c)
    {
        var alibi = c.Alibi ? Enumerable.Range(1, c.Heads).Select(h => MathF.Pow(2, -h)).ToArray() : null;
        var prefix = c.Prefix > 0 ? c.Lengths.Select(n => Math.Min(n, c.Prefix)).ToArray() : null;
        return new AttentionOptions(null, c.Window, alibi, prefix);
    }

    private static Tensor[] Cut(Tensor x, int[] bounds) => [.. Enumerable.Range(0, bounds.Length - 1).Select(s => x.narrow(0, bounds[s], bounds[s + 1] - bounds[s]))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void SegmentAttention_OfPackedRows_EqualsItsDefinition(Case c)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(9);
        int[] bounds = Bounds(c.Lengths), keyBounds = Bounds(c.Lengths, c.Extra);
        var options = Options(c);
        var inputs = new[] { (bounds[^1], c.Heads), (keyBounds[^1], c.KvHeads), (keyBounds[^1], c.KvHeads) }
            .Select(s => torch.randn([s.Item1, s.Item2, c.D], generator: g).to(c.Type)).ToArray();
        var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
        var plain = Array.ConvertAll(inputs, t => t.to(ScalarType.Float32, copy: true).detach().requires_grad_());
        var y = Functional.SegmentAttention(mine[0], mine[1], mine[2], bounds, keyBounds, options);
        var z = Attention.SegmentAttention.Reference(plain[0], Cut(plain[1], keyBounds), Cut(plain[2], keyBounds), bounds, options);
        var tolerance = c.Type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Assert.Equal(c.Type, y.dtype);
        Setup.AssertClose(z.ToArray<float>(), y.ToArray<float>(), tolerance);
        var dy = torch.randn(y.shape, generator: g).to(c.Type);
        Autograd.Backward(y, dy);
        Autograd.Backward(z, dy.to(ScalarType.Float32));
        for (var i = 0; i < 3; i++) Setup.AssertClose(plain[i].grad!.ToArray<float>(), mine[i].grad!.ToArray<float>(), 4 * tolerance);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SegmentAttention_OfSegmentsThatContinueOne_EqualsThatOfWholeRows(Case c)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(12);
        // A beginning that nobody asks for and one that is asked for, each with what continues it, and what continues that; the last queries of some segments alone.
        int[] queries = [0, 0, 9, 12, 45, 50, 51, 57, 61, 70, 71], keys = [0, 21, 30, 40, 77, 82, 83, 90, 94, 103, 120], continues = [-1, 0, 0, 2, -1, 4, 5, 5, 4, -1];
        var options = Options(c) with { Prefix = c.Prefix > 0 ? [.. continues.Select(_ => 4)] : null };
        var inputs = new[] { (queries[^1], c.Heads), (keys[^1], c.KvHeads), (keys[^1], c.KvHeads) }
            .Select(s => torch.randn([s.Item1, s.Item2, c.D], generator: g).to(c.Type)).ToArray();
        var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
        var plain = Array.ConvertAll(inputs, t => t.to(ScalarType.Float32, copy: true).detach().requires_grad_());
        Tensor[] Whole(Tensor x) => [.. continues.Select((_, s) => Of(x, s))];
        Tensor Of(Tensor x, int s) => continues[s] < 0 ? Own(x, s) : torch.cat([Of(x, continues[s]), Own(x, s)]);
        Tensor Own(Tensor x, int s) => x.narrow(0, keys[s], keys[s + 1] - keys[s]);
        var y = Functional.SegmentAttention(mine[0], mine[1], mine[2], queries, keys, options, continues);
        var z = Attention.SegmentAttention.Reference(plain[0], Whole(plain[1]), Whole(plain[2]), queries, options);
        var tolerance = c.Type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Setup.AssertClose(z.ToArray<float>(), y.ToArray<float>(), tolerance);
        var dy = torch.randn(y.shape, generator: g).to(c.Type);
        Autograd.Backward(y, dy);
        Autograd.Backward(z, dy.to(ScalarType.Float32));
        for (var i = 0; i < 3; i++) Setup.AssertClose(plain[i].grad!.ToArray<float>(), mine[i].grad!.ToArray<float>(), 4 * tolerance);
    }

    [Theory]
    [InlineData(new[] { 0, -1, 0 })]
    [InlineData(new[] { -1, -1, 0 })]
    [InlineData(new[] { -1, 1, 0 })]
    [InlineData(new[] { -1, 0 })]
    public void SegmentAttention_ContinuingWhatDoesNotStandBefore_Refused(int[] continues)
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.zeros(6, 1, 16);
        Assert.Throws<ArgumentException>(() => Functional.SegmentAttention(x, x, x, [0, 2, 4, 6], continues: continues));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void CachedAttention_OfTheLastQueries_EqualsTheWhole(Case c)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        using var g = new Generator(10);
        var options = Options(c);
        int[] bounds = Bounds(c.Lengths), keyBounds = Bounds(c.Lengths, c.Extra);
        var q = torch.randn([bounds[^1], c.Heads, c.D], generator: g).to(c.Type);
        var (k, v) = (torch.randn([keyBounds[^1], c.KvHeads, c.D], generator: g).to(c.Type), torch.randn([keyBounds[^1], c.KvHeads, c.D], generator: g).to(c.Type));
        var whole = Functional.SegmentAttention(q, k, v, bounds, keyBounds, options);
        foreach (var last in (int[])[1, 6])
        {
            var lengths = c.Lengths.Select(n => Math.Min(n, last)).ToArray();
            var few = Bounds(lengths);
            Tensor Last(Tensor x) => torch.cat([.. lengths.Select((n, s) => x.narrow(0, bounds[s + 1] - n, n))]);
            // The cache lies in a larger tensor, as a real one does.
            Tensor[] Cache(Tensor x) => [.. Cut(x, keyBounds).Select(t => torch.cat([t, torch.full_like(t, float.NaN)], 0).narrow(0, 0, t.size(0)))];
            var y = Functional.CachedAttention(Last(q), Cache(k), Cache(v), few, options);
            Setup.AssertClose(Last(whole).ToArray<float>(), y.ToArray<float>(), c.Type == ScalarType.Float32 ? 1e-5 : 1e-2);
        }
    }

    [Fact]
    public void SegmentAttention_WithFrozenKeys_GivesGradientsOfQueriesAlone()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(11);
        var q = torch.randn([20, 2, 16], generator: g).requires_grad_();
        var (k, v) = (torch.randn([20, 2, 16], generator: g), torch.randn([20, 2, 16], generator: g));
        Autograd.Backward(Functional.SegmentAttention(q, k, v, [0, 8, 20]).sum());
        Assert.NotNull(q.grad);
        Assert.Null(k.grad);
    }

    [Fact]
    public void SegmentAttention_OfStridedViews_EqualsThatOfCopies()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(12);
        var fused = torch.randn([30, 3, 4, 16], generator: g).requires_grad_();
        var parts = fused.unbind(1);
        Autograd.Backward(Functional.SegmentAttention(parts[0], parts[1], parts[2], [0, 30]).square().sum());
        var views = fused.grad!.ToArray<float>();
        fused.grad = null;
        Autograd.Backward(Functional.SegmentAttention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous(), [0, 30]).square().sum());
        Assert.Equal(fused.grad!.ToArray<float>(), views);
    }

    [Fact]
    public void SegmentAttention_OnTwoThreads_GivesTheSameBits()
    {
        float[] Run(int threads)
        {
            using var scope = torch.NewDisposeScope();
            using var g = new Generator(13);
            Threads.Count = threads;
            try
            {
                var q = torch.randn([90, 4, 32], generator: g).requires_grad_();
                var kv = torch.randn([90, 2, 32], generator: g).requires_grad_();
                var y = Functional.SegmentAttention(q, kv, kv, [0, 20, 90]);
                Autograd.Backward(y.square().sum());
                return [.. y.ToArray<float>(), .. q.grad!.ToArray<float>(), .. kv.grad!.ToArray<float>()];
            }
            finally
            {
                Threads.Count = 1;
            }
        }
        Assert.Equal(Run(1), Run(2));
    }

    [Fact]
    public void SegmentAttention_OfWrongShapes_Throws()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.zeros(4, 2, 8);
        Assert.Throws<ArgumentException>(() => Functional.SegmentAttention(x, x, x, [0, 3]));
        Assert.Throws<ArgumentException>(() => Functional.SegmentAttention(x, x, x, [0, 2, 2, 4]));
        Assert.Throws<ArgumentException>(() => Functional.SegmentAttention(x, torch.zeros(4, 3, 8), x, [0, 4]));
        Assert.Throws<ArgumentException>(() => Functional.CachedAttention(x, [x.narrow(0, 0, 2)], [x.narrow(0, 0, 2)], [0, 4]));
    }

    [Fact]
    public unsafe void Gemm_OfPaddedMatrices_EqualsItsDefinition()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(14);
        Tensor a = torch.randn([12, 12], generator: g), b = torch.randn([12, 112], generator: g), c = torch.randn([12, 112], generator: g), d = c.clone();
        float* pa = (float*)a.Pointer(), pb = (float*)b.Pointer();
        foreach (var (row, col) in ((int, int)[])[(12, 1), (1, 12)])
        {
            Gemm.Run(12, 112, 12, pa, row, col, pb, 112, (float*)c.Pointer(), 112, true);
            Gemm.Reference(12, 112, 12, pa, row, col, pb, 112, (float*)d.Pointer(), 112, true);
        }
        Setup.AssertClose(d.ToArray<float>(), c.ToArray<float>(), 1e-5);
    }
}
