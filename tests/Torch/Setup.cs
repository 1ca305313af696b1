using System.Runtime.CompilerServices;

// Thread-static scopes and native byte counts are easier to read when one test runs at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace AlpacaCot.Torch.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);

    internal static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"element {i}: expected {expected[i]}, got {actual[i]}");
    }
}
