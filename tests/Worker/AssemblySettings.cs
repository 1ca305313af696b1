using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

// A pack's relative paths count from the process's current directory, which a worker sets for its one job.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace AlpacaCot.Tests.Worker;

internal static class AssemblySettings
{
    [ModuleInitializer]
    internal static void OneThread() => Threads.Count = 1;
}
