using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

public sealed class ProductTests
{
    [Theory]
    [InlineData(4, 33, 7, false)]
    [InlineData(5, 8, 64, true)]
    [InlineData(130, 64, 8, false)]
    [InlineData(37, 344, 128, true)]
    public void Linear_WithGradients_EqualsTheOperators(int rows, int k, int n, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(31);
        Tensor x0 = torch.randn([rows, k], generator: g), w0 = torch.randn([n, k], generator: g), b0 = torch.randn([n], generator: g), dy = torch.randn([rows, n], generator: g);
        var (x, w, b) = (Leaf(x0), Leaf(w0), withBias ? Leaf(b0) : null);
        var (px, pw, pb) = (Leaf(x0), Leaf(w0), withBias ? Leaf(b0) : null);
        Tensor y = Products.Linear(x, w, b), plain = torch.nn.functional.linear(px, pw, pb);
        Autograd.Backward(y, dy);
        Autograd.Backward(plain, dy);
        AssertEqual((plain, y), (px.grad!, x.grad!), (pw.grad!, w.grad!));
        if (withBias) AssertEqual((pb!.grad!, b!.grad!));
    }

    [Fact]
    public void Linear_OfTransposedAndBatchedInputs_EqualsTheOperator()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(32);
        using var _ = torch.no_grad();
        Tensor x = torch.randn([24, 40], generator: g), w = torch.randn([24, 16], generator: g);
        AssertEqual((torch.nn.functional.linear(x.t(), w.t()), Products.Linear(x.t(), w.t(), null)));
        var batch = torch.randn([3, 5, 24], generator: g);
        AssertEqual((torch.nn.functional.linear(batch, w.t()), Products.Linear(batch, w.t(), null)));
        Assert.Equal([3L, 5, 16], Products.Linear(batch, w.t(), null).shape);
    }

    // More values than a part has, so that several parts are put together; the weight as it lies, and turned.
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void WidenedTimes_IsTheFp32ProductRoundedOnce(bool turned, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(35);
        using var _ = torch.no_grad();
        Tensor x = torch.randn([7, 1030], generator: g).to(torch.bfloat16), w = torch.randn(turned ? [1030, 1100] : [1100, 1030], generator: g).to(torch.bfloat16);
        var bias = withBias ? torch.randn([1100], generator: g).to(torch.bfloat16) : null;
        if (turned) w = w.t();
        var exact = x.to(torch.float64).mm(w.to(torch.float64).t());
        if (bias is not null) exact = exact + bias;
        var y = WidenedProducts.Times(x, w, bias);
        Assert.Equal(torch.bfloat16, y.dtype);
        // Half of the last of bf16's eight bits, and fp32's error of a sum of a thousand.
        var off = (y.to(torch.float64) - exact).abs() - exact.abs() / 256;
        Assert.InRange(off.max().item<double>(), double.MinValue, 1e-4);
    }

    [Fact]
    public void LinearAndMatmul_OfBFloat16WithGradients_EqualTheFp32ProductRounded()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(36);
        Tensor x0 = torch.randn([130, 72], generator: g).to(torch.bfloat16), w0 = torch.randn([40, 72], generator: g).to(torch.bfloat16), dy = torch.randn([130, 40], generator: g).to(torch.bfloat16);
        Tensor px = Leaf(x0.to(torch.float32)), pw = Leaf(w0.to(torch.float32)), plain = torch.nn.functional.linear(px, pw);
        Autograd.Backward(plain, dy.to(torch.float32));
        foreach (var product in new Func<Tensor, Tensor, Tensor>[]
        {
            (x, w) => Products.Linear(x, w, null), (x, w) => Functional.Matmul(x, w.t()), (x, w) => Functional.AddMatmul(torch.zeros([130, 40], torch.bfloat16), x, w.t()),
            (x, w) => Functional.Matmul(x.unsqueeze(0), w.t().unsqueeze(0)).squeeze(0),
        })
        {
            var (x, w) = (Leaf(x0), Leaf(w0));
            var y = product(x, w);
            Autograd.Backward(y, dy);
            foreach (var (expected, actual) in new[] { (plain, y), (px.grad!, x.grad!), (pw.grad!, w.grad!) })
            {
                Assert.Equal(torch.bfloat16, actual.dtype);
                Near(expected, actual, 1e-2);
            }
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1)]
    [InlineData(ScalarType.Float32, 19)]
    [InlineData(ScalarType.BFloat16, 1)]
    [InlineData(ScalarType.BFloat16, 19)]
    public void LowRank_WithGradients_EqualsItsDefinition(ScalarType type, int rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(33);
        Tensor x0 = torch.randn([rows, 48], generator: g).to(type), a0 = torch.randn([4, 48], generator: g), b0 = torch.randn([32, 4], generator: g),
            y0 = torch.randn([rows, 32], generator: g).to(type), dy = torch.randn([rows, 32], generator: g).to(type);
        var (x, a, b, y) = (Leaf(x0), Leaf(a0), Leaf(b0), Leaf(y0));
        var (px, pa, pb, py) = (Leaf(x0), Leaf(a0), Leaf(b0), Leaf(y0));
        Tensor sum = Functional.LowRank(x, a, b, 0.5, y), plain = LowRankUpdate.Reference(px, pa, pb, 0.5, py);
        Autograd.Backward(sum, dy);
        Autograd.Backward(plain, dy);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 2e-2;
        Assert.Equal(type, sum.dtype);
        Assert.Equal(ScalarType.Float32, a.grad!.dtype);
        foreach (var (expected, actual) in new[] { (plain, sum), (px.grad!, x.grad!), (pa.grad!, a.grad!), (pb.grad!, b.grad!), (py.grad!, y.grad!) })
            Near(expected, actual, tolerance);
    }

    /// <summary>A column turned over is the same memory: what the kernel is handed must be a copy before it is scaled.</summary>
    [Fact]
    public void LowRank_OfRankOne_LeavesItsFactorsAsTheyAre()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(37);
        Tensor x = torch.randn([6, 16], generator: g), y = torch.randn([6, 8], generator: g), a = Leaf(torch.randn([1, 16], generator: g)), b = Leaf(torch.randn([8, 1], generator: g));
        var (a0, b0) = (a.detach().clone(), b.detach().clone());
        var sum = Functional.LowRank(x, a, b, 3, y);
        AssertEqual((LowRankUpdate.Reference(x, a0, b0, 3, y), sum));
        Autograd.Backward(sum, torch.ones(6, 8));
        Assert.Equal(a0.ToArray<float>(), a.detach().ToArray<float>());
        Assert.Equal(b0.ToArray<float>(), b.detach().ToArray<float>());
    }

    [Fact]
    public void LowRank_OfInputsThatNeedNoGradient_GivesNoneForThem()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(34);
        var (a, b) = (Leaf(torch.randn([4, 16], generator: g)), Leaf(torch.randn([8, 4], generator: g)));
        Tensor x = torch.randn([6, 16], generator: g), y = torch.randn([6, 8], generator: g);
        Autograd.Backward(Functional.LowRank(x, a, b, 2, y), torch.ones(6, 8));
        Assert.Null(x.grad);
        Assert.NotNull(a.grad);
        Assert.NotNull(b.grad);
    }

    // Resume bit for bit, and one number for a row whatever the machine, both rest on this.
    [Theory]
    [InlineData(4, 64, 48)]
    [InlineData(29, 70, 129)]
    [InlineData(300, 128, 344)]
    public void Products_OnOneThreadAndTwo_AreTheSameBits(int rows, int k, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(35);
        using var _ = torch.no_grad();
        Tensor x = torch.randn([rows, k], generator: g), w = torch.randn([n, k], generator: g), dy = torch.randn([rows, n], generator: g);
        float[][] All() => [Products.Times(x, w).ToArray<float>(), Products.Times(dy, w.t()).ToArray<float>(), Products.Times(dy.t(), x.t()).ToArray<float>()];
        var one = All();
        Threads.Count = 2;
        var two = All();
        Threads.Count = 1;
        for (var i = 0; i < one.Length; i++) Assert.Equal(one[i], two[i]);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(61)]
    [InlineData(245)]
    public void EvenRows_OfRowsThatAreNotEven_GivesTheirProductAlone(int rows)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(36);
        using var _ = torch.no_grad();
        Tensor whole = torch.randn([rows + 1, 96], generator: g), w = torch.randn([40, 96], generator: g);
        long computed = 0;
        Tensor Product(Tensor x)
        {
            computed = x.size(0);
            return torch.nn.functional.linear(x, w);
        }
        // One begins an allocation and is read beyond its end, one does not and is copied.
        foreach (var x in new[] { whole.narrow(0, 0, rows).clone(), whole.narrow(0, 1, rows) })
        {
            var y = EvenRows.Product(x, Product);
            Assert.Equal(EvenRows.Count(rows), computed);
            Assert.Equal([rows, 40], y.shape);
            AssertEqual((torch.nn.functional.linear(x, w), y));
        }
    }

    private static Tensor Leaf(Tensor value) => value.clone().requires_grad_();

    private static void AssertEqual(params (Tensor Expected, Tensor Actual)[] pairs)
    {
        foreach (var (expected, actual) in pairs) Near(expected, actual, 1e-4);
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance)
        => Setup.AssertClose(expected.detach().to(ScalarType.Float32).ToArray<float>(), actual.detach().to(ScalarType.Float32).ToArray<float>(), tolerance);
}
