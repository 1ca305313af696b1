using AlpacaCot.Kernels.Attention;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

/// <summary>Attention with products of bf16, by the processor's where it has them and by their definition elsewhere, against the formula in fp32.</summary>
public sealed unsafe class Bf16AttentionTests
{
    public sealed record Case(string Name, int Heads, int KvHeads, int D, int[] Queries, int[] Keys, int[]? Continues = null, int Window = 0, bool Alibi = false, int[]? Prefix = null)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<Case> Cases =>
    [
        new Case("whole blocks", 2, 2, 64, [0, 64], [0, 64]),
        new Case("ragged, groups", 4, 2, 32, [0, 5, 75, 76, 109], [0, 5, 75, 76, 109]),
        new Case("keys in front", 2, 1, 96, [0, 9, 12, 62], [0, 16, 26, 83]),
        new Case("window", 2, 2, 64, [0, 100, 106], [0, 100, 106], Window: 20),
        new Case("alibi", 4, 4, 32, [0, 37, 39], [0, 37, 39], Alibi: true),
        new Case("prefix", 2, 2, 128, [0, 45, 57], [0, 45, 57], Prefix: [10, 12]),
        new Case("continued", 2, 1, 64, [0, 0, 9, 12, 45, 50], [0, 21, 30, 40, 77, 82], Continues: [-1, 0, 0, 2, -1]),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Attention_ForwardAndBackward_IsItsDefinition(Case c)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(21);
        var segments = new AttentionSegments(c.Queries, c.Keys, c.Continues);
        var options = new AttentionOptions(null, c.Window, c.Alibi ? [.. Enumerable.Range(1, c.Heads).Select(h => MathF.Pow(2, -h))] : null, c.Prefix);
        var inputs = new[] { (c.Queries[^1], c.Heads), (c.Keys[^1], c.KvHeads), (c.Keys[^1], c.KvHeads) }.Select(s => torch.randn([s.Item1, s.Item2, c.D], generator: g).to(bfloat16)).ToArray();
        var plain = Array.ConvertAll(inputs, t => t.to(float32).requires_grad_());
        var expected = Attention.SegmentAttention.Reference(plain[0], segments.Cut(plain[1]), segments.Cut(plain[2]), segments.Queries, options);
        var dy = torch.randn(expected.shape, generator: g).to(bfloat16);
        Autograd.Backward(expected, dy.to(float32));
        var (y, gradients) = Run(inputs, dy, segments, options);
        AssertNear(expected, y, 4e-3);
        for (var i = 0; i < 3; i++) AssertNear(plain[i].grad!, gradients[i], 6e-3);
    }

    /// <summary>A key that is alone has a weight of one whatever its score, so that the score's gradient is nothing at all: Adam makes whole steps of noise.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attention_QueryOfOneKey_GivesItsScoreNoGradient(bool inBf16)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(23);
        // A row of one token, one of two, a longer one; the second query of all sees two keys.
        var segments = new AttentionSegments([0, 1, 3, 43], [0, 1, 3, 43]);
        var inputs = Enumerable.Range(0, 3).Select(_ => torch.randn([43, 2, 32], generator: g).to(bfloat16)).ToArray();
        var (_, gradients) = Run(inputs, torch.randn([43, 2, 32], generator: g).to(bfloat16), segments, new AttentionOptions(), inBf16);
        foreach (var first in (int[])[0, 1, 3]) Assert.All(gradients[0][first].ToArray<float>(), value => Assert.Equal(0, value));
        Assert.All(gradients[1][0].ToArray<float>(), value => Assert.Equal(0, value));
        foreach (var row in (int[])[2, 4, 42]) Assert.All(gradients[0][row].ToArray<float>(), value => Assert.NotEqual(0, value));
        Assert.All(gradients[2].ToArray<float>(), value => Assert.NotEqual(0, value));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attention_SegmentThatIsNoNumber_ReachesNoOther(bool inBf16)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(22);
        // Of two that continue one, the first is done last; rows behind the other's keys are its own.
        var segments = new AttentionSegments([0, 10, 50, 85], [0, 10, 50, 85], [-1, 0, 0]);
        var inputs = Enumerable.Range(0, 3).Select(_ => torch.randn([85, 2, 32], generator: g).to(bfloat16)).ToArray();
        var dy = torch.randn([85, 2, 32], generator: g).to(bfloat16);
        var (y, clean) = Run(inputs, dy, segments, new AttentionOptions(), inBf16);
        dy.narrow(0, 50, 35).fill_(float.NaN);
        var (_, gradients) = Run(inputs, dy, segments, new AttentionOptions(), inBf16);
        for (var i = 0; i < 3; i++) Assert.Equal(clean[i].narrow(0, 10, 40).ToArray<float>(), gradients[i].narrow(0, 10, 40).ToArray<float>());
        Assert.All(gradients[0].narrow(0, 50, 35).ToArray<float>(), value => Assert.True(float.IsNaN(value)));
        Assert.All(y.ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Attention_FrozenKeys_GivesGradientsOfQueriesAlone()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(23);
        var (q, kv) = (torch.randn([70, 2, 32], generator: g).to(bfloat16).requires_grad_(), torch.randn([70, 2, 32], generator: g).to(bfloat16));
        var segments = new AttentionSegments([0, 70], [0, 70]);
        var call = new AttentionCall(q, kv, kv, segments, new AttentionOptions()) { InBf16 = true };
        using var _ = torch.no_grad();
        var (y, lse) = call.Forward<BF16>();
        var gradients = new AttentionCall(q, kv, kv, segments, new AttentionOptions()) { InBf16 = true }.Backward<BF16>(q, kv, kv, y, lse, torch.ones_like(y));
        Assert.NotNull(gradients[0]);
        Assert.Null(gradients[1]);
        Assert.Null(gradients[2]);
    }

    [Theory]
    [InlineData(32, 32, 64)]
    [InlineData(32, 96, 32)]
    [InlineData(128, 32, 32)]
    public void Product_OfBlocks_IsItsDefinition(int m, int n, int k)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(24);
        Tensor a = torch.randn([m, k], generator: g).to(bfloat16), b = torch.randn([k, n], generator: g).to(bfloat16), c = torch.randn([m, n], generator: g), expected = c.clone(), pairs = torch.empty_like(b);
        Bf16Blocks.OverRows((ushort*)b.Pointer(), k / Bf16Blocks.Side, n, (uint*)pairs.Pointer());
        foreach (var add in new[] { true, false })
        {
            BlockProduct.Run(m, n, k, (ushort*)a.Pointer(), (uint*)pairs.Pointer(), (float*)c.Pointer(), add);
            BlockProduct.Reference(m, n, k, (ushort*)a.Pointer(), k, (uint*)pairs.Pointer(), (float*)expected.Pointer(), add);
            Setup.AssertClose(expected.ToArray<float>(), c.ToArray<float>(), 1e-5);
        }
        BlockProduct.Done();
    }

    private static (Tensor Y, Tensor[] Gradients) Run(Tensor[] inputs, Tensor dy, AttentionSegments segments, AttentionOptions options, bool inBf16 = true)
    {
        var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
        using var _ = torch.no_grad();
        var (y, lse) = new AttentionCall(mine[0], mine[1], mine[2], segments, options) { InBf16 = inBf16 }.Forward<BF16>();
        var gradients = new AttentionCall(mine[0], mine[1], mine[2], segments, options) { InBf16 = inBf16 }.Backward<BF16>(mine[0], mine[1], mine[2], y, lse, dy);
        return (y, [.. gradients.Select(x => x!)]);
    }

    // By the size of the whole: weights and slopes are rounded to eight bits, whose errors add up by chance.
    private static void AssertNear(Tensor expected, Tensor actual, double tolerance)
    {
        using var scope = torch.NewDisposeScope();
        var difference = (expected.detach() - actual.to(float32)).square().mean().sqrt().item<float>();
        Assert.InRange(difference / expected.detach().square().mean().sqrt().item<float>(), 0, tolerance);
    }
}
