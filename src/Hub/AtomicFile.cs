using System.Runtime.InteropServices;
using System.Text;

namespace AlpacaCot.Hub;

/// <summary>
/// Files that appear whole or not at all: written beside their place, flushed to the disk, then renamed.
/// A failure (a full disk, a file-size limit, an exception of the writer) leaves the old file, or none, and no remains.
/// </summary>
public static class AtomicFile
{
    private const int FileSizeSignal = 25;   // SIGXFSZ on Linux
    private const nint Ignore = 1;

    // A file-size limit kills a process that does not expect the signal; ignored, the write fails like one on a full disk and is cleaned up.
    static AtomicFile()
    {
        if (OperatingSystem.IsLinux()) _ = Signal(FileSizeSignal, Ignore);
    }

    /// <summary>Writes a file through a stream.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = Temporary(path);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            Commit(temporary, path);
        }
        catch (ArgumentOutOfRangeException e) when (IsSizeLimit(e))
        {
            Discard(temporary);
            throw new IOException("the file-size limit is exceeded", e);
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteAllText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Fills a new directory and puts it in its place: <paramref name="fill"/> gets a temporary directory beside it, which is renamed
    /// at the end. An existing directory of that name is replaced.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static void WriteDirectory(string path, Action<string> fill)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var temporary = Temporary(path);
        try
        {
            Directory.CreateDirectory(temporary);
            fill(temporary);
            FlushDirectory(temporary);
            var old = Directory.Exists(path) ? Temporary(path) + ".old" : null;
            if (old is not null) Directory.Move(path, old);
            try
            {
                Directory.Move(temporary, path);
            }
            catch when (old is not null)
            {
                Directory.Move(old, path);
                throw;
            }
            FlushDirectory(Path.GetDirectoryName(path)!);
            if (old is not null) Directory.Delete(old, recursive: true);
        }
        catch
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>Whether a write failed on the file-size limit; .NET reports it as an argument out of range.</summary>
    internal static bool IsSizeLimit(Exception e) => e is ArgumentOutOfRangeException && e.StackTrace?.Contains("System.IO.RandomAccess.", StringComparison.Ordinal) == true;

    /// <summary>Renames a finished file (already flushed) into its place and makes the rename durable.</summary>
    internal static void Commit(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static string Temporary(string path)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        return Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
    }

    private static void Discard(string temporary)
    {
        try { File.Delete(temporary); }
        catch (IOException) { }
    }

    // A rename is durable only once the directory itself is on the disk; .NET opens no directories.
    private static void FlushDirectory(string directory)
    {
        if (!OperatingSystem.IsLinux()) return;
        var descriptor = Open(directory, 0);
        if (descriptor < 0) return;
        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Signal(int signal, nint handler);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
