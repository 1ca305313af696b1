using System.Diagnostics;
using System.Globalization;

namespace AlpacaCot.Client.Library;

/// <summary>Signals to processes that this program has started.</summary>
internal static class Signals
{
    /// <summary>Asks a process to end in order. By the shell's own command: small images have no program of that name.</summary>
    public static async Task TerminateAsync(Process process)
    {
        using var kill = Process.Start("/bin/sh", ["-c", "kill -TERM \"$0\"", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
