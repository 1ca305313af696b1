using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

// Thread-static scopes and native byte counts are easier to read when one test runs at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace AlpacaCot.Kernels.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void OneThread() => Threads.Count = 1;

    /// <summary>Live bytes of tensors once those that earlier tests forgot are gone.</summary>
    internal static long SettledBytes()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return TensorMemory.LiveBytes;
    }

    /// <summary>How near a kernel's numbers come to those of its definition.</summary>
    internal static double Tolerance(ScalarType type) => type == ScalarType.Float32 ? 2e-5 : 2e-2;

    /// <summary>Values and gradients of both, the plain one in fp32 where the type is bf16 (the kernels compute in fp32 too).</summary>
    internal static void Compare(ScalarType type, Tensor[] inputs, Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> plain)
    {
        using var scope = torch.NewDisposeScope();
        var mine = Array.ConvertAll(inputs, t => t.detach().requires_grad_());
        var theirs = Array.ConvertAll(inputs, t => t.to(ScalarType.Float32, copy: true).detach().requires_grad_());
        Tensor y = kernel(mine), z = plain(theirs);
        Assert.Equal(type, y.dtype);
        Assert.Equal(z.shape, y.shape);
        AssertClose(z.ToArray<float>(), y.ToArray<float>(), Tolerance(type));
        using var g = new Generator(77);
        var dy = torch.randn(y.shape, generator: g).to(type);
        Autograd.Backward(y, dy);
        Autograd.Backward(z, dy.to(ScalarType.Float32));
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.Equal(inputs[i].dtype, mine[i].grad!.dtype);
            AssertClose(theirs[i].grad!.ToArray<float>(), mine[i].grad!.ToArray<float>(), 4 * Tolerance(type));
        }
    }

    internal static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"element {i}: expected {expected[i]}, got {actual[i]}");
    }
}
