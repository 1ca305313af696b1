using System.Runtime.InteropServices;

namespace AlpacaCot.Worker.Protocol;

/// <summary>What .NET has no call for: groups of processes, and the tie of a process to its parent. Without effect on Windows.</summary>
internal static class NativeCalls
{
    private const int ParentDeathSignal = 1; // PR_SET_PDEATHSIG of Linux

    /// <summary>The signal that no process can put off.</summary>
    public const int Kill = 9;

    /// <summary>Ends all processes of the group that a process leads, also when that process itself is gone.</summary>
    public static void KillGroup(int leader)
    {
        if (!OperatingSystem.IsWindows() && leader > 1) _ = kill(-leader, Kill);
    }

    /// <summary>Makes this process the leader of a group of its own.</summary>
    public static void LeadGroup()
    {
        if (!OperatingSystem.IsWindows()) _ = setpgid(0, 0);
    }

    /// <summary>Has the kernel kill this process when the thread that started it ends; only Linux knows that.</summary>
    public static void DieWithParent()
    {
        if (OperatingSystem.IsLinux()) _ = prctl(ParentDeathSignal, Kill, 0, 0, 0);
    }

    /// <summary>The process that started this one, or whoever has inherited it since.</summary>
    public static int Parent() => OperatingSystem.IsWindows() ? 0 : getppid();

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setpgid(int process, int group);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int getppid();

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int prctl(int option, nuint argument, nuint third, nuint fourth, nuint fifth);
}
