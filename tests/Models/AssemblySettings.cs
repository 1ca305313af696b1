global using AlpacaCot.Tests;

using System.Runtime.CompilerServices;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace AlpacaCot.Models.Tests;

internal static class AssemblySettings
{
    [ModuleInitializer]
    internal static void OneThread() => Threads.Count = 1;
}
