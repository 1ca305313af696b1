using System.Runtime.InteropServices;

namespace AlpacaCot.Worker;

/// <summary>The end of this process.</summary>
internal static class NativeProcess
{
    /// <summary>
    /// Ends the process at once. A job that was cut off may still compute on native threads: they must not hold the process,
    /// and the libraries' own clean-up would pull their operators away from under them.
    /// </summary>
    public static void End(int code) => Exit(code);

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void Exit(int code);
}
