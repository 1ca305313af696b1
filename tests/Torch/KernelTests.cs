using AlpacaCot.Torch.Kernels;

namespace AlpacaCot.Torch.Tests;

/// <summary>Every kernel against the plain definition beside it, forward and backward, in both types and at sizes that are no multiple of a vector.</summary>
public sealed class KernelTests
{
    private static Tensor Random(Generator g, ScalarType type, params long[] shape) => torch.randn(shape, g).to(type).detach();

    private static double Tolerance(ScalarType type) => type == ScalarType.Float32 ? 2e-5 : 2e-2;

    /// <summary>Values and gradients of both, the plain one in fp32 where the type is bf16 (the kernels compute in fp32 too).</summary>
    private static void Compare(ScalarType type, Tensor[] inputs, Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> plain)
    {
        using var scope = torch.NewDisposeScope();
        var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
        var theirs = Array.ConvertAll(inputs, t => t.to(ScalarType.Float32, copy: true).detach().requires_grad_());
        Tensor y = kernel(mine), z = plain(theirs);
        Assert.Equal(type, y.dtype);
        Assert.Equal(z.shape, y.shape);
        Setup.AssertClose(z.data<float>(), y.data<float>(), Tolerance(type));
        using var g = new Generator(77);
        var dy = torch.randn(y.shape, g).to(type);
        y.backward(dy);
        z.backward(dy.to(ScalarType.Float32));
        for (var i = 0; i < inputs.Length; i++) Setup.AssertClose(theirs[i].grad!.data<float>(), mine[i].grad!.data<float>(), 4 * Tolerance(type));
    }

    /// <summary>The same bits on one thread and on two.</summary>
    private static void SameBitsOnTwoThreads(Tensor[] inputs, Func<Tensor[], Tensor> kernel)
    {
        float[][] Run(int threads)
        {
            torch.set_num_threads(threads);
            try
            {
                using var scope = torch.NewDisposeScope();
                var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
                var y = kernel(mine);
                y.backward(torch.ones_like(y) * 0.5);
                return [y.data<float>(), .. mine.Select(t => t.grad!.data<float>())];
            }
            finally
            {
                torch.set_num_threads(1);
            }
        }
        Assert.Equal(Run(1), Run(2));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 5, 64)]
    [InlineData(ScalarType.Float32, 3, 37)]
    [InlineData(ScalarType.BFloat16, 130, 96)]
    [InlineData(ScalarType.BFloat16, 2, 7)]
    public void RmsNorm_OfRows_EqualsItsDefinition(ScalarType type, int rows, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(1);
        Tensor[] inputs = [Random(g, type, rows, n), Random(g, type, n)];
        Compare(type, inputs, i => torch.functional.rms_norm(i[0], i[1], 1e-5), i => RmsNorm.Reference(i[0], i[1], 1e-5));
        SameBitsOnTwoThreads(inputs, i => torch.functional.rms_norm(i[0], i[1], 1e-5));
    }

    [Fact]
    public void RmsNorm_OfBFloat16_RoundsLikeTheComposedOne()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(1);
        Tensor x = Random(g, ScalarType.BFloat16, 200, 128), w = Random(g, ScalarType.BFloat16, 128);
        var differing = torch.functional.rms_norm(x, w).ne(RmsNorm.Reference(x, w, 1e-6)).to(ScalarType.Float32).mean().item<float>();
        Assert.True(differing < 0.002, $"{differing} of the elements differ");
    }

    [Theory]
    [InlineData(ScalarType.Float32, 70, 33, 20, 4)]
    [InlineData(ScalarType.Float32, 3, 64, 48, 16)]
    [InlineData(ScalarType.BFloat16, 150, 64, 96, 8)]
    [InlineData(ScalarType.BFloat16, 9, 10, 7, 3)]
    public void LowRankAdd_OfRows_EqualsItsDefinition(ScalarType type, int rows, int k, int n, int rank)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(6);
        Tensor[] inputs = [Random(g, type, rows, n), Random(g, type, rows, k)];
        // Of the weight's usual size, so that sums over rows stay of order one.
        float[][] Run(ScalarType of, Func<Tensor, Tensor, Tensor, Tensor, Tensor> f)
        {
            using var seeded = new Generator(8);
            var mine = Array.ConvertAll(inputs, t => t.to(of, copy: true).detach().requires_grad_());
            Tensor a = (torch.randn([rank, k], seeded) / Math.Sqrt(k)).detach().requires_grad_(), b = torch.randn([n, rank], seeded).requires_grad_();
            var y = f(mine[0], mine[1], a, b);
            y.backward((torch.randn([rows, n], seeded) / Math.Sqrt(rows)).to(type).to(of));
            return [y.data<float>(), mine[0].grad!.data<float>(), mine[1].grad!.data<float>(), a.grad!.data<float>(), b.grad!.data<float>()];
        }
        var found = Run(type, (y, x, a, b) => torch.functional.low_rank_add(y, x, a, b, 0.5));
        var expected = Run(ScalarType.Float32, (y, x, a, b) => LowRank.Reference(y, x, a, b, 0.5));
        for (var i = 0; i < found.Length; i++) Setup.AssertClose(expected[i], found[i], Tolerance(type));
        torch.set_num_threads(2);
        var two = Run(type, (y, x, a, b) => torch.functional.low_rank_add(y, x, a, b, 0.5));
        torch.set_num_threads(1);
        Assert.Equal(found, two);
        Assert.Throws<TorchException>(() => torch.functional.low_rank_add(inputs[0], inputs[1], torch.zeros(rank, k + 1), torch.zeros(n, rank), 1));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1000)]
    [InlineData(ScalarType.BFloat16, 70001)]
    public void SwiGlu_OfTwo_EqualsItsDefinition(ScalarType type, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(2);
        Tensor[] inputs = [Random(g, type, n) * 3, Random(g, type, n)];
        Compare(type, inputs, i => torch.functional.swiglu(i[0], i[1]), i => SwiGlu.Reference(i[0], i[1]));
        SameBitsOnTwoThreads(inputs, i => torch.functional.swiglu(i[0], i[1]));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 64, 32, false)]
    [InlineData(ScalarType.Float32, 20, 6, false)]
    [InlineData(ScalarType.BFloat16, 32, 16, true)]
    [InlineData(ScalarType.BFloat16, 80, 40, false)]
    [InlineData(ScalarType.Float32, 12, 4, true)]
    public void Rotary_OfHeads_EqualsItsDefinition(ScalarType type, int d, int half, bool pairs)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(3);
        var angles = torch.rand([9, half], g) * 6;
        var (cos, sin) = (angles.cos(), angles.sin());
        Tensor[] inputs = [Random(g, type, 9, 3, d)];
        Compare(type, inputs, i => torch.functional.rotary(i[0], cos, sin, pairs), i => Rotary.Reference(i[0], cos, sin, pairs));
        Assert.Throws<TorchException>(() => torch.functional.rotary(inputs[0], cos[1..], sin, pairs));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 101)]
    [InlineData(ScalarType.BFloat16, 3200)]
    public void CrossEntropy_OfRows_EqualsItsDefinition(ScalarType type, int classes)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(4);
        const int Rows = 19;
        var logits = Random(g, type, Rows, classes) * 4;
        var targets = torch.randint(0, classes, [Rows], g);
        var weights = torch.rand([Rows], g);
        var (losses, gradient) = CrossEntropy.Reference(logits, targets, weights);
        var ids = targets.data<int>();
        var found = new float[Rows];
        torch.kernels.cross_entropy_losses(logits, ids, found);
        Setup.AssertClose(losses.data<float>(), found, 1e-5);
        found.AsSpan().Clear();
        torch.kernels.cross_entropy_(logits, ids, weights.data<float>(), found);
        Setup.AssertClose(losses.data<float>(), found, 1e-5);
        Setup.AssertClose(gradient.data<float>(), logits.data<float>(), type == ScalarType.Float32 ? 1e-6 : 4e-3);
        ids[3] = classes;
        Assert.Throws<TorchException>(() => torch.kernels.cross_entropy_losses(logits, ids, found));
    }

    [Fact]
    public void CrossEntropyRows_WithInfiniteLogits_StaysFinite()
    {
        using var scope = torch.NewDisposeScope();
        var logits = torch.full([1, 40], double.NegativeInfinity);
        logits.span<float>()[7] = 3;
        var losses = new float[1];
        torch.kernels.cross_entropy_(logits, [7], [1], losses);
        Assert.Equal(0, losses[0]);
        Assert.Equal(0, logits.abs().sum().item<float>());
    }

    [Fact]
    public void AdamW_OverSeveralSteps_EqualsItsDefinition()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(5);
        long[][] shapes = [[40, 1000], [3], [17, 5]];
        Tensor[] Make() => Array.ConvertAll(shapes, s => torch.zeros(s));
        var p = Array.ConvertAll(shapes, s => torch.randn(s, g));
        var plain = Array.ConvertAll(p, t => t.clone());
        Tensor[] m = Make(), v = Make(), pm = Make(), pv = Make();
        double[] decay = [0.1, 0, 0.01];
        for (var step = 1; step <= 5; step++)
        {
            var grads = Array.ConvertAll(shapes, s => torch.randn(s, g));
            torch.kernels.adamw_(p, grads, m, v, 1e-2, 0.9, 0.999, 1e-8, decay, step, 0.5);
            for (var i = 0; i < p.Length; i++) AdamW.Reference(plain[i], grads[i], pm[i], pv[i], 1e-2, 0.9, 0.999, 1e-8, decay[i], step, 0.5);
        }
        for (var i = 0; i < p.Length; i++) Setup.AssertClose(plain[i].data<float>(), p[i].data<float>(), 1e-6);
    }

    [Fact]
    public void Exp_OverItsRange_IsWithinTwoUnitsInTheLastPlace()
    {
        for (var x = -87f; x < 88.2f; x += 0.0137f)
        {
            var e = Simd.Exp(System.Runtime.Intrinsics.Vector512.Create(x))[5];
            Assert.True(Math.Abs(e - Math.Exp(x)) <= 2.5e-7 * Math.Exp(x), $"exp({x}) = {e}");
        }
        Assert.Equal(0, Simd.Exp(System.Runtime.Intrinsics.Vector512.Create(float.NegativeInfinity))[0]);
        Assert.Equal(float.PositiveInfinity, Simd.Exp(System.Runtime.Intrinsics.Vector512.Create(89f))[0]);
        Assert.True(float.IsNaN(Simd.Exp(System.Runtime.Intrinsics.Vector512.Create(float.NaN))[0]));
    }
}
