global using AlpacaCot.Tests;

using System.Runtime.CompilerServices;
using AlpacaCot.Torch;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace AlpacaCot.Models.Tests;

internal static class AssemblySettings
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
