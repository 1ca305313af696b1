using System.Diagnostics;
using System.Globalization;

namespace AlpacaCot.Files;

/// <summary>The most memory that a process has had. <see cref="Process"/> would read a file of every thread for it.</summary>
public static class PeakMemory
{
    private const string Key = "VmHWM:", Unit = "kB";

    /// <summary>In bytes; 0 where the process is gone.</summary>
    public static long OfProcess(int id)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return File.ReadLines($"/proc/{id}/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) is { } line
                    ? 1024 * long.Parse(line[Key.Length..^Unit.Length], CultureInfo.InvariantCulture)
                    : 0;
            using var process = Process.GetProcessById(id);
            return process.PeakWorkingSet64;
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException)
        {
            return 0;
        }
    }
}
