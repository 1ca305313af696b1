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

    internal static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"element {i}: expected {expected[i]}, got {actual[i]}");
    }
}
