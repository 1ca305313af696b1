using System.ComponentModel;
using System.Diagnostics;
using AlpacaCot.Client.Library;

namespace AlpacaCot.Client.Running;

/// <summary>Opens a page with the program that the machine opens pages with.</summary>
internal static class Opening
{
    /// <summary>Programs that open a page, the desktop's own choice first.</summary>
    private static readonly string[] _programs = OperatingSystem.IsMacOS() ? ["open"] : ["xdg-open", "wslview", "sensible-browser"];

    /// <summary>Opens a file and does not wait for its reader.</summary>
    /// <exception cref="ClientException">There is nothing to open it with.</exception>
    public static void Open(string file) => Open(file, _programs);

    internal static void Open(string file, IReadOnlyList<string> programs)
    {
        if (OperatingSystem.IsWindows())
        {
            using var shell = Process.Start(new ProcessStartInfo(file) { UseShellExecute = true });
            return;
        }
        foreach (var program in programs)
            try
            {
                using var reader = Process.Start(new ProcessStartInfo(program) { ArgumentList = { file }, RedirectStandardOutput = true, RedirectStandardError = true });
                return;
            }
            catch (Win32Exception)
            {
                // Not installed: the next may be.
            }
        throw new ClientException($"nothing on this machine opens a page ({string.Join(", ", programs)} are not there); the report is {file}", ExitCodes.Failed);
    }
}
