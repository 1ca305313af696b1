global using AlpacaCot.Tests;

using System.Runtime.CompilerServices;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Decoding;
using AlpacaCot.Models.Families;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace AlpacaCot.Models.Tests;

internal static class AssemblySettings
{
    [ModuleInitializer]
    internal static void OneThread() => Threads.Count = 1;
}
