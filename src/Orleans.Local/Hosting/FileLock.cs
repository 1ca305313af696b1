using System.Globalization;

namespace AlpacaCot.LocalSilo.Hosting;

/// <summary>A file that one process at a time holds. The system gives it back when the process ends, however it ends.</summary>
internal static class FileLock
{
    /// <param name="path">The lock file; the holder's process id stands in a file beside it.</param>
    /// <param name="message">What to say where another process (given in words) holds it.</param>
    /// <exception cref="OrleansConfigurationException">Another process holds it.</exception>
    public static FileStream Take(string path, Func<string, string> message)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e)
        {
            throw new OrleansConfigurationException(message(Holder(path)), e);
        }
        File.WriteAllText(Owner(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return file;
    }

    // The lock file itself cannot even be read while it is held.
    private static string Owner(string path) => path + ".pid";

    private static string Holder(string path)
    {
        try
        {
            return File.ReadAllText(Owner(path)) is { Length: > 0 } id ? $"process {id}" : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
