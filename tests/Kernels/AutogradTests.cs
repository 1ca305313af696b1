using System.Runtime.InteropServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

public sealed class AutogradTests
{
    [Fact]
    public void Custom_WithAManagedBackward_GetsItsGradient()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([1f, 2, 3]).requires_grad_();
        var w = torch.tensor([4f, 5, 6]).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * w;
        Autograd.Function([x, w], [y], [x, w], (g, saved) => [g[0]! * saved[1]!, g[0]! * saved[0]!]);
        Autograd.Backward((y * 10).sum());
        Assert.Equal([40f, 50, 60], x.grad!.ToArray<float>());
        Assert.Equal([10f, 20, 30], w.grad!.ToArray<float>());
    }

    [Fact]
    public void Custom_WithASavedOutput_FreesEverythingAfterBackward()
    {
        var before = Setup.SettledBytes();
        using (torch.NewDisposeScope())
        {
            var x = torch.ones(1000).requires_grad_();
            Tensor y;
            using (torch.no_grad()) y = x.exp();
            Autograd.Function([x], [y], [y], (g, saved) => [g[0]! * saved[0]!]);
            Autograd.Backward(y.sum());
            Setup.AssertClose(y.ToArray<float>(), x.grad!.ToArray<float>(), 1e-6);
        }
        Assert.Equal(before, TensorMemory.LiveBytes);
    }

    [Fact]
    public void Custom_NeverDifferentiated_FreesWhatItSaved()
    {
        var before = Setup.SettledBytes();
        using (torch.NewDisposeScope())
        {
            var x = torch.ones(1000).requires_grad_();
            using (torch.NewDisposeScope())
            {
                Tensor y;
                using (torch.no_grad()) y = x.exp();
                Autograd.Function([x], [y], [y], (g, saved) => [g[0]! * saved[0]!]);
            }
            Assert.Equal(before + 4000, TensorMemory.LiveBytes);
        }
        Assert.Equal(before, TensorMemory.LiveBytes);
    }

    [Fact]
    public void Custom_WhoseBackwardThrows_RethrowsTheSameException()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * 1;
        Autograd.Function([x], [y], [], (_, _) => throw new InvalidDataException("from inside"));
        var loss = y.sum();
        var e = Assert.Throws<InvalidDataException>(() => Autograd.Backward(loss));
        Assert.Equal("from inside", e.Message);
        Assert.Equal(2, torch.ones(2).sum().item<float>());
    }

    [Fact]
    public void Custom_WhoseBackwardFailsInLibtorch_GivesItsMessage()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        Tensor y;
        using (torch.no_grad()) y = x * 1;
        Autograd.Function([x], [y], [], (g, _) => [g[0]! + torch.ones(3)]);
        var loss = y.sum();
        var message = TorchErrors.Message(Assert.Throws<ExternalException>(() => Autograd.Backward(loss)));
        Assert.StartsWith("The size of tensor a (2) must match the size of tensor b (3)", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Custom_ReturningTooFewGradients_Throws()
    {
        using var scope = torch.NewDisposeScope();
        Tensor x = torch.ones(2).requires_grad_(), y;
        using (torch.no_grad()) y = x * 1;
        Autograd.Function([x], [y], [], (_, _) => []);
        var loss = y.sum();
        Assert.Contains("returned 0 gradients for 1 inputs", Assert.Throws<InvalidOperationException>(() => Autograd.Backward(loss)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Custom_BackwardTwice_ThrowsUnlessItsGraphWasRetained()
    {
        using var scope = torch.NewDisposeScope();
        Tensor x = torch.ones(2).requires_grad_(), y;
        using (torch.no_grad()) y = x * 2;
        Autograd.Function([x], [y], [x], (g, saved) => [g[0]! * saved[0]! * 2]);
        Autograd.Backward(y, torch.ones(2), retain_graph: true);
        Autograd.Backward(y, torch.ones(2));
        Assert.Equal([4f, 4f], x.grad!.ToArray<float>());
        Assert.Contains("second time", Assert.Throws<InvalidOperationException>(() => Autograd.Backward(y, torch.ones(2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Custom_OnAnOutputWithAHistory_Throws()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2).requires_grad_();
        var y = x * 2;
        Assert.Throws<ArgumentException>(() => Autograd.Function([x], [y], [x], (g, _) => [g[0]]));
    }

    [Fact]
    public void Custom_OnManyThreads_GivesEachItsOwnGradientOrFailure()
    {
        var wrong = 0;
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            using var scope = torch.NewDisposeScope();
            Tensor x = torch.full([3], (float)i).requires_grad_(), y;
            using (torch.no_grad()) y = x * 1;
            Autograd.Function([x], [y], [x], (g, saved) => i % 3 == 0 ? throw new InvalidDataException($"failure {i}") : [g[0]! * saved[0]!]);
            var loss = y.sum();
            var failure = Record.Exception(() => Autograd.Backward(loss));
            if (i % 3 == 0 ? failure is not InvalidDataException || failure.Message != $"failure {i}" : failure is not null || x.grad![0].item<float>() != i) Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
    }
}
