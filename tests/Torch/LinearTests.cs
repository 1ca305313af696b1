using AlpacaCot.Torch.Kernels;

namespace AlpacaCot.Torch.Tests;

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
        Tensor x = torch.randn([rows, k], g).to(type), w = torch.randn([n, k], g).to(type), b = torch.randn([n], g).to(type);
        using var _ = torch.no_grad();
        Assert.True(MatVec.Suits(x, w, b));
        var expected = MatVec.Reference(x, w, b);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Setup.AssertClose(expected.data<float>(), torch.functional.linear(x, w, b).data<float>(), tolerance);
        Setup.AssertClose(MatVec.Reference(x, w, null).data<float>(), torch.functional.linear(x, w).data<float>(), tolerance);
        Assert.Equal([1L, rows, n], torch.functional.linear(x.view(1, rows, k), w).shape);
        torch.set_num_threads(2);
        var two = torch.functional.linear(x, w, b).data<float>();
        torch.set_num_threads(1);
        Assert.Equal(torch.functional.linear(x, w, b).data<float>(), two);
    }

    [Theory]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.BFloat16, false)]
    [InlineData(ScalarType.BFloat16, true)]
    public void FrozenLinear_ForwardAndBackward_EqualTheProducts(ScalarType type, bool withBias)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(21);
        Tensor w = torch.randn([72, 40], g).to(type), b = torch.randn([72], g).to(type);
        var bias = withBias ? b : null;
        using var linear = new FrozenLinear(w, bias);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 2e-2;
        foreach (var rows in (int[])[1, 17, 130])
        {
            var x = torch.randn([rows, 40], g).to(type).requires_grad_();
            var plain = x.detach().to(ScalarType.Float32, copy: true).requires_grad_();
            var dy = torch.randn([rows, 72], g).to(type);
            var y = linear.Forward(x);
            var z = plain.matmul(w.to(ScalarType.Float32).t());
            if (bias is not null) z = z + bias;
            Assert.Equal(type, y.dtype);
            Setup.AssertClose(z.data<float>(), y.data<float>(), tolerance);
            y.backward(dy);
            z.backward(dy.to(ScalarType.Float32));
            Setup.AssertClose(plain.grad!.data<float>(), x.grad!.data<float>(), tolerance);
            var wide = linear.Forward(x, ScalarType.Float32);
            Assert.Equal(ScalarType.Float32, wide.dtype);
            Setup.AssertClose(z.data<float>(), wide.data<float>(), tolerance);
            using var _ = torch.no_grad();
            Setup.AssertClose(z.data<float>(), linear.Forward(x.view(1, rows, 40), ScalarType.Float32).data<float>(), 1e-2);
        }
    }

    [Fact]
    public void FrozenLinear_OfBFloat16_PacksEachDirectionOnce()
    {
        Assert.SkipUnless(FrozenLinear.CanPack, "this processor does not compute in bf16, or there is no oneDNN");
        using var scope = torch.NewDisposeScope();
        var w = torch.ones([64, 64], torch.bfloat16);
        var x = torch.ones([32, 64], torch.bfloat16).requires_grad_();
        var before = torch.memory.live_bytes;
        using (var linear = new FrozenLinear(w))
        {
            linear.Forward(x).Dispose();
            var forward = torch.memory.live_bytes - before;
            linear.Forward(x).Dispose();
            Assert.Equal(forward, torch.memory.live_bytes - before);
            Assert.Equal(64 * 64 * 2, forward);
        }
        Assert.Equal(before, torch.memory.live_bytes);
    }

    [Fact]
    public void FrozenLinear_OfWrongShapes_Throws()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Throws<TorchException>(() => new FrozenLinear(torch.zeros(3)));
        Assert.Throws<TorchException>(() => new FrozenLinear(torch.zeros(3, 4), torch.zeros(4)));
        using var linear = new FrozenLinear(torch.zeros([32, 16], torch.bfloat16));
        Assert.Throws<TorchException>(() => linear.Forward(torch.zeros([8, 5], torch.bfloat16)));
    }
}
