using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// How libtorch's threads wait for the next loop that they share. Waking one that sleeps takes longer than many of those loops: a token of a small model was
/// decoded in two thirds of the time by threads that look for work some 80 µs before they sleep. Threads that spin for ever take the processors
/// that others wait for.
/// </summary>
internal static class ThreadWaiting
{
    /// <summary>GNU OpenMP's own names; it reads them once, when it is loaded.</summary>
    private const string Policy = "OMP_WAIT_POLICY", Spins = "GOMP_SPINCOUNT";

    /// <summary>Must run before libtorch is loaded. What the user has set stays.</summary>
    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Policy) is not null || Environment.GetEnvironmentVariable(Spins) is not null) return;
        // .NET's own variables are not those that libraries see.
        _ = SetEnvironment(Policy, "active", 0);
        _ = SetEnvironment(Spins, "3000", 0);
    }

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
