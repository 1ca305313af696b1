global using AlpacaCot.Tests;

using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace AlpacaCot.Evaluation.Tests;

internal static class AssemblySettings
{
    [ModuleInitializer]
    internal static void OneThread() => Threads.Count = 1;
}
