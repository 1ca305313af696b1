using System.Runtime.InteropServices;

using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

public sealed class LinearTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 1, 70, 131)]
    [InlineData(ScalarType.Float32, 3, 64, 64)]
    [InlineData(ScalarType.BFloat16, 1, 96, 130)]
    [InlineData(ScalarType.BFloat16, 4, 33, 7)]
    public void Linear_OfAFewRowsWithoutGradient_EqualsItsDefinition(ScalarType type, int rows, int k, int n)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(20);
        Tensor x = torch.randn([rows, k], generator: g).to(type), w = torch.randn([n, k], generator: g).to(type), b = torch.randn([n], generator: g).to(type);
        using var _ = torch.no_grad();
        Assert.True(MatVec.Suits(x, w, b));
        var expected = MatVec.Reference(x, w, b);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Setup.AssertClose(expected.ToArray<float>(), Functional.Linear(x, w, b).ToArray<float>(), tolerance);
        Setup.AssertClose(MatVec.Reference(x, w, null).ToArray<float>(), Functional.Linear(x, w).ToArray<float>(), tolerance);
        Assert.Equal([1L, rows, n], Functional.Linear(x.view(1, rows, k), w).shape);
        Threads.Count = 2;
        var two = Functional.Linear(x, w, b).ToArray<float>();
        Threads.Count = 1;
        Assert.Equal(Functional.Linear(x, w, b).ToArray<float>(), two);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 72, 40, false)]
    [InlineData(ScalarType.BFloat16, 72, 40, false)]
    [InlineData(ScalarType.BFloat16, 72, 40, true)]
    [InlineData(ScalarType.BFloat16, 73, 41, true)]        // whose rows do not go in pairs
    [InlineData(ScalarType.BFloat16, 8193, 1025, false)]   // as large as a head
    public void FrozenLinear_ForwardAndBackward_EqualTheProducts(ScalarType type, int outputs, int inputs, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(21);
        Tensor w = torch.randn([outputs, inputs], generator: g).to(type), b = torch.randn([outputs], generator: g).to(type);
        var bias = withBias ? b : null;
        using var linear = new FrozenLinear(w, bias);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 2e-2;
        foreach (var rows in (int[])[1, 17, 130])
        {
            var x = torch.randn([rows, inputs], generator: g).to(type).requires_grad_();
            var plain = x.detach().to(ScalarType.Float32, copy: true).requires_grad_();
            var dy = torch.randn([rows, outputs], generator: g).to(type);
            var y = linear.Forward(x);
            var z = plain.mm(w.to(ScalarType.Float32).t());
            if (bias is not null) z = z + bias;
            Assert.Equal(type, y.dtype);
            Setup.AssertClose(z.ToArray<float>(), y.ToArray<float>(), tolerance);
            Autograd.Backward(y, dy);
            Autograd.Backward(z, dy.to(ScalarType.Float32));
            Setup.AssertClose(plain.grad!.ToArray<float>(), x.grad!.ToArray<float>(), tolerance);
            using var _ = torch.no_grad();
            Setup.AssertClose(z.ToArray<float>(), linear.Forward(x.view(1, rows, inputs)).ToArray<float>(), tolerance);
        }
    }

    /// <summary>Forward in bytes, back by the weight itself.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 48, 20, true)]
    [InlineData(ScalarType.BFloat16, 96, 32, false)]
    public void FrozenLinear_InBytes_IsRoundedForwardAlone(ScalarType type, int outputs, int inputs, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(22);
        Tensor w = torch.randn([outputs, inputs], generator: g).to(type), b = torch.randn([outputs], generator: g).to(type), dy = torch.randn([30, outputs], generator: g).to(type);
        var bias = withBias ? b : null;
        var x = torch.randn([30, inputs], generator: g).to(type).requires_grad_();
        using var bytes = ByteMatrix.Of(w);
        using var linear = new FrozenLinear(w, bias);
        var y = linear.ForwardInBytes(x);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 2e-2;
        Setup.AssertClose(bytes.Reference(x.detach(), bias, back: false).ToArray<float>(), y.ToArray<float>(), tolerance);
        Assert.NotEqual(linear.Forward(x).ToArray<float>(), y.ToArray<float>());
        Autograd.Backward(y, dy);
        Setup.AssertClose(dy.to(ScalarType.Float32).mm(w.to(ScalarType.Float32)).ToArray<float>(), x.grad!.ToArray<float>(), tolerance);
    }

    [Fact]
    public void FrozenLinear_OfBFloat16_PacksEachDirectionOnce()
    {
        Assert.SkipUnless(FrozenLinear.CanPack, "this processor does not compute in bf16, or there is no oneDNN");
        using var scope = torch.NewDisposeScope();
        var w = torch.ones([64, 64], torch.bfloat16);
        var x = torch.ones([32, 64], torch.bfloat16).requires_grad_();
        var before = Setup.SettledBytes();
        using (var linear = new FrozenLinear(w))
        {
            linear.Forward(x).Dispose();
            var forward = TensorMemory.LiveBytes - before;
            linear.Forward(x).Dispose();
            Assert.Equal(forward, TensorMemory.LiveBytes - before);
            Assert.Equal(64 * 64 * 2, forward);
        }
        Assert.Equal(before, TensorMemory.LiveBytes);
    }

    [Fact]
    public void FrozenLinear_OfWrongShapes_Throws()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Throws<ArgumentException>(() => new FrozenLinear(torch.zeros(3)));
        Assert.Throws<ArgumentException>(() => new FrozenLinear(torch.zeros(3, 4), torch.zeros(4)));
        using var linear = new FrozenLinear(torch.zeros([32, 16], torch.bfloat16));
        Assert.Throws<ExternalException>(() => linear.Forward(torch.zeros([8, 5], torch.bfloat16)));
    }
}
