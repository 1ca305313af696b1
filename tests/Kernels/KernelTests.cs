
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

/// <summary>Every kernel against the plain definition beside it, forward and backward, in both types and at sizes that are no multiple of a vector.</summary>
public sealed class KernelTests
{
    private static Tensor Random(Generator g, ScalarType type, params long[] shape) => torch.randn(shape, generator: g).to(type).detach();

    /// <summary>The same bits on one thread and on two.</summary>
    private static void SameBitsOnTwoThreads(Tensor[] inputs, Func<Tensor[], Tensor> kernel)
    {
        float[][] Run(int threads)
        {
            Threads.Count = threads;
            try
            {
                using var scope = torch.NewDisposeScope();
                var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
                var y = kernel(mine);
                Autograd.Backward(y, torch.ones_like(y) * 0.5);
                return [y.ToArray<float>(), .. mine.Select(t => t.grad!.ToArray<float>())];
            }
            finally
            {
                Threads.Count = 1;
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
        Setup.Compare(type, inputs, i => Functional.RmsNorm(i[0], i[1], 1e-5), i => RmsNorm.Reference(i[0], i[1], 1e-5));
        SameBitsOnTwoThreads(inputs, i => Functional.RmsNorm(i[0], i[1], 1e-5));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 5, 64)]
    [InlineData(ScalarType.Float32, 3, 37)]
    [InlineData(ScalarType.BFloat16, 130, 96)]
    [InlineData(ScalarType.BFloat16, 2, 7)]
    public void AddRmsNorm_OfTwo_EqualsSumAndNorm(ScalarType type, int rows, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(1);
        Tensor[] inputs = [Random(g, type, rows, n), Random(g, type, rows, n), Random(g, type, n)];
        // Both outputs are used, then one alone.
        foreach (var pick in (Func<(Tensor Sum, Tensor Normed), Tensor>[])[both => both.Sum * 0.5 + both.Normed, both => both.Normed])
        {
            Tensor Fused(Tensor[] i) => pick(Functional.AddRmsNorm(i[0], i[1], i[2], 1e-5));
            Setup.Compare(type, inputs, Fused, i => pick((i[0] + i[1], RmsNorm.Reference(i[0] + i[1], i[2], 1e-5))));
            SameBitsOnTwoThreads(inputs, Fused);
        }
        Setup.Compare(type, inputs[..2], i => Functional.AddRmsNorm(i[0], i[1], inputs[2]).Sum, i => i[0] + i[1]);
    }

    [Fact]
    public void AddRmsNorm_UpdateWithoutGradient_OthersGetTheirs()
    {
        using var scope = torch.NewDisposeScope();
        Tensor x = torch.ones(2, 16).requires_grad_(), update = torch.ones(2, 16), w = torch.ones(16);
        Autograd.Backward(Functional.AddRmsNorm(x, update, w).Sum.sum());
        Assert.All(x.grad!.ToArray<float>(), value => Assert.Equal(1, value));
        Assert.Null(update.grad);
    }

    [Theory]
    [InlineData(ScalarType.Float32, new[] { 0, 3, 4, 8 })]
    [InlineData(ScalarType.BFloat16, new[] { 8 })]
    [InlineData(ScalarType.Float32, new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8 })]
    public void SelectRows_ByNumber_EqualsIndexSelect(ScalarType type, int[] rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(8);
        Tensor[] inputs = [Random(g, type, 9, 3, 5)];
        Setup.Compare(type, inputs, i => Functional.SelectRows(i[0], rows), i => RowSelection.Reference(i[0], rows));
        SameBitsOnTwoThreads(inputs, i => Functional.SelectRows(i[0], rows));
    }

    [Theory]
    [InlineData(new[] { 3, 3 })]
    [InlineData(new[] { 4, 1 })]
    [InlineData(new[] { 9 })]
    [InlineData(new[] { -1 })]
    public void SelectRows_NumbersThatDoNotAscendOrExist_Refused(int[] rows)
        => Assert.Throws<ArgumentException>(() => Functional.SelectRows(torch.zeros(9, 2), rows));

    [Fact]
    public void RmsNorm_OfBFloat16_RoundsLikeTheComposedOne()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(1);
        Tensor x = Random(g, ScalarType.BFloat16, 200, 128), w = Random(g, ScalarType.BFloat16, 128);
        var differing = Functional.RmsNorm(x, w).ne(RmsNorm.Reference(x, w, 1e-6)).to(ScalarType.Float32).mean().item<float>();
        Assert.True(differing < 0.002, $"{differing} of the elements differ");
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1000)]
    [InlineData(ScalarType.BFloat16, 70001)]
    public void SwiGlu_OfTwo_EqualsItsDefinition(ScalarType type, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(2);
        Tensor[] inputs = [Random(g, type, n) * 3, Random(g, type, n)];
        Setup.Compare(type, inputs, i => Functional.SwiGlu(i[0], i[1]), i => SwiGlu.Reference(i[0], i[1]));
        SameBitsOnTwoThreads(inputs, i => Functional.SwiGlu(i[0], i[1]));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1000)]
    [InlineData(ScalarType.BFloat16, 70001)]
    public void GeluTanh_OfValues_EqualsItsDefinition(ScalarType type, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(2);
        Tensor[] inputs = [Random(g, type, n) * 3];
        Setup.Compare(type, inputs, i => Functional.GeluTanh(i[0]), i => GeluTanh.Reference(i[0]));
        SameBitsOnTwoThreads(inputs, i => Functional.GeluTanh(i[0]));
        var far = torch.tensor([-1e4f, -40f, -10f, 0f, 10f, 40f, 1e4f]);
        Assert.Equal([0f, 0f, 0f, 0f, 10f, 40f, 1e4f], Functional.GeluTanh(far).ToArray<float>().Select(y => MathF.Abs(y) < 1e-20f ? 0 : y));
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
        var angles = torch.rand([9, half], generator: g) * 6;
        var (cos, sin) = (angles.cos(), angles.sin());
        Tensor[] inputs = [Random(g, type, 9, 3, d)];
        Setup.Compare(type, inputs, i => Functional.Rotary(i[0], cos, sin, pairs), i => Rotary.Reference(i[0], cos, sin, pairs));
        Assert.Throws<ArgumentException>(() => Functional.Rotary(inputs[0], cos[1..], sin, pairs));
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
        var targets = torch.randint(0, classes, [Rows], generator: g);
        var weights = torch.rand([Rows], generator: g);
        var (losses, gradient) = CrossEntropy.Reference(logits, targets, weights);
        var ids = targets.ToArray<int>();
        var found = new float[Rows];
        CrossEntropy.Run(logits, ids, default, found);
        Setup.AssertClose(losses.ToArray<float>(), found, 1e-5);
        found.AsSpan().Clear();
        Functional.CrossEntropyInPlace(logits, ids, weights.ToArray<float>(), found);
        Setup.AssertClose(losses.ToArray<float>(), found, 1e-5);
        Setup.AssertClose(gradient.ToArray<float>(), logits.ToArray<float>(), type == ScalarType.Float32 ? 1e-6 : 4e-3);
        ids[3] = classes;
        Assert.Throws<ArgumentException>(() => CrossEntropy.Run(logits, ids, default, found));
    }

    [Fact]
    public void CrossEntropyRows_WithInfiniteLogits_StaysFinite()
    {
        using var scope = torch.NewDisposeScope();
        var logits = torch.full([1, 40], double.NegativeInfinity);
        logits.Span<float>()[7] = 3;
        var losses = new float[1];
        Functional.CrossEntropyInPlace(logits, [7], [1], losses);
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
        var p = Array.ConvertAll(shapes, s => torch.randn(s, generator: g));
        var plain = Array.ConvertAll(p, t => t.clone());
        Tensor[] m = Make(), v = Make(), pm = Make(), pv = Make();
        double[] decay = [0.1, 0, 0.01];
        for (var step = 1; step <= 5; step++)
        {
            var grads = Array.ConvertAll(shapes, s => torch.randn(s, generator: g));
            AdamWStep.Apply(p, grads, m, v, 1e-2, 0.9, 0.999, 1e-8, decay, step, 0.5);
            for (var i = 0; i < p.Length; i++) AdamWStep.Reference(plain[i], grads[i], pm[i], pv[i], 1e-2, 0.9, 0.999, 1e-8, decay[i], step, 0.5);
        }
        for (var i = 0; i < p.Length; i++) Setup.AssertClose(plain[i].ToArray<float>(), p[i].ToArray<float>(), 1e-6);
    }

    [Fact]
    public void AdamW_ByTheFusedOperator_EqualsItsDefinition()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(6);
        Tensor[] p = [torch.randn([5, 7], generator: g), torch.randn([9], generator: g)], m = Array.ConvertAll(p, t => torch.zeros_like(t)), v = Array.ConvertAll(p, t => torch.zeros_like(t));
        Tensor[] plain = Array.ConvertAll(p, t => t.clone()), pm = Array.ConvertAll(p, t => torch.zeros_like(t)), pv = Array.ConvertAll(p, t => torch.zeros_like(t));
        double[] decay = [0.1, 0];
        for (var step = 1; step <= 3; step++)
        {
            var grads = Array.ConvertAll(p, t => torch.randn(t.shape, generator: g));
            AdamWStep.Fused(p, grads, m, v, 1e-2, 0.9, 0.999, 1e-8, decay, step, 0.5);
            for (var i = 0; i < p.Length; i++) AdamWStep.Reference(plain[i], grads[i], pm[i], pv[i], 1e-2, 0.9, 0.999, 1e-8, decay[i], step, 0.5);
        }
        for (var i = 0; i < p.Length; i++) Setup.AssertClose(plain[i].ToArray<float>(), p[i].ToArray<float>(), 1e-6);
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
