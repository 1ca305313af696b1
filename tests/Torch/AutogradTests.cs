namespace AlpacaCot.Torch.Tests;

public sealed class AutogradTests
{
    [Fact]
    public void NoGrad_InsideAndAfter_StopsAndRestoresRecording()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        using (torch.no_grad()) Assert.False((x * 2).requires_grad);
        Assert.True((x * 2).requires_grad);
        using (torch.inference_mode())
        {
            var y = x * 2;
            Assert.False(y.requires_grad);
            Assert.False(torch.is_grad_enabled());
        }
        Assert.True(torch.is_grad_enabled());
    }

    [Fact]
    public void Backward_TwiceWithoutZero_Accumulates()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([3f]).requires_grad_();
        x.square().sum().backward();
        x.square().sum().backward();
        Assert.Equal(12, x.grad!.item<float>());
        x.zero_grad();
        Assert.Null(x.grad);
    }

    [Fact]
    public void Grad_OfOutputs_ReturnsAndAccumulatesNothing()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([2f]).requires_grad_();
        var unused = torch.tensor([1f]).requires_grad_();
        var grads = torch.autograd.grad([x.pow(3)], [x, unused], allow_unused: true);
        Assert.Equal(12, grads[0]!.item<float>());
        Assert.Null(grads[1]);
        Assert.Null(x.grad);
        Assert.Throws<TorchException>(() => torch.autograd.grad([x.pow(3)], [unused]));
    }

    [Fact]
    public void Grad_WithCreateGraph_CanBeDifferentiatedAgain()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([2f]).requires_grad_();
        var first = torch.autograd.grad([x.pow(3)], [x], create_graph: true)[0]!;
        Assert.Equal(12, torch.autograd.grad([first], [x])[0]!.item<float>());
    }

    [Fact]
    public void Backward_ThroughAFreedGraph_Throws()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([2f]).requires_grad_();
        var y = x.exp().sum();
        y.backward(retain_graph: true);
        y.backward();
        Assert.Throws<TorchException>(() => y.backward());
    }

    [Fact]
    public void Custom_WithAManagedBackward_GetsItsGradient()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([1f, 2, 3]).requires_grad_();
        var w = torch.tensor([4f, 5, 6]).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * w;
        torch.autograd.Custom([x, w], [y], [x, w], (g, saved) => [g[0]! * saved[1]!, g[0]! * saved[0]!]);
        (y * 10).sum().backward();
        Assert.Equal([40f, 50, 60], x.grad!.data<float>());
        Assert.Equal([10f, 20, 30], w.grad!.data<float>());
    }

    [Fact]
    public void Custom_WithASavedOutput_FreesEverythingAfterBackward()
    {
        var before = torch.memory.live_bytes;
        using (torch.NewDisposeScope())
        {
            var x = torch.ones(1000).requires_grad_();
            var y = torch.autograd.Function([x], (context, inputs) =>
            {
                var e = inputs[0].exp();
                context.save_for_backward(e);
                return [e];
            }, (g, saved) => [g[0]! * saved[0]!])[0];
            y.sum().backward();
            Setup.AssertClose(y.data<float>(), x.grad!.data<float>(), 1e-6);
        }
        Assert.Equal(before, torch.memory.live_bytes);
    }

    [Fact]
    public void Custom_NeverDifferentiated_FreesWhatItSaved()
    {
        var before = torch.memory.live_bytes;
        using (torch.NewDisposeScope())
        {
            var x = torch.ones(1000).requires_grad_();
            using (torch.NewDisposeScope())
            {
                Tensor y;
                using (torch.no_grad()) y = x.exp();
                torch.autograd.Custom([x], [y], [y], (g, saved) => [g[0]! * saved[0]!]);
            }
            Assert.Equal(before + 4000, torch.memory.live_bytes);
        }
        Assert.Equal(before, torch.memory.live_bytes);
    }

    [Fact]
    public void Custom_WhoseBackwardThrows_RethrowsTheSameException()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * 1;
        torch.autograd.Custom([x], [y], [], (_, _) => throw new InvalidDataException("from inside"));
        var loss = y.sum();
        var e = Assert.Throws<InvalidDataException>(() => loss.backward());
        Assert.Equal("from inside", e.Message);
        Assert.Same(scope, DisposeScope.Current);
        Assert.Equal(2, torch.ones(2).sum().item<int>());
    }

    [Fact]
    public void Custom_WhoseBackwardFailsInLibtorch_GivesItsMessage()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * 1;
        torch.autograd.Custom([x], [y], [], (g, _) => [g[0]!.matmul(torch.ones(3))]);
        var loss = y.sum();
        Assert.Contains("size", Assert.Throws<TorchException>(() => loss.backward()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Custom_BackwardTwiceWithoutRetaining_Throws()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * 2;
        torch.autograd.Custom([x], [y], [], (g, _) => [g[0]! * 2]);
        y.backward(torch.ones(2));
        Assert.Contains("second time", Assert.Throws<TorchException>(() => y.backward(torch.ones(2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Custom_OnAnOutputWithAHistory_Throws()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        var y = x * 2;
        Assert.Throws<TorchException>(() => torch.autograd.Custom([x], [y], [x], (g, _) => [g[0]]));
    }

    [Fact]
    public void Checkpoint_OfAFunction_GivesTheSameGradients()
    {
        using var scope = torch.NewDisposeScope();
        var g = new Generator(1);
        var w = torch.randn([4, 4], g).requires_grad_();
        var x = torch.randn([3, 4], g).requires_grad_();
        torch.autograd.checkpoint(i => i[0].matmul(w).silu(), x).sum().backward();
        var (gx, gw) = (x.grad!.data<float>(), w.grad!.data<float>());
        x.zero_grad();
        w.zero_grad();
        x.matmul(w).silu().sum().backward();
        Assert.Equal(x.grad!.data<float>(), gx);
        Assert.Equal(w.grad!.data<float>(), gw);
    }
}
