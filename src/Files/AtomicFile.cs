using System.Runtime.InteropServices;
using System.Text;

namespace AlpacaCot.Files;

/// <summary>
/// Files and folders that appear whole or not at all and survive a power cut once they have: written beside their place, flushed to the
/// disk, renamed, and the folder flushed. A failure (a full disk, a file-size limit, an exception of the writer) leaves what was there
/// before, or nothing, and no remains.
/// </summary>
public static class AtomicFile
{
    private const int FileSizeSignal = 25;   // SIGXFSZ on Linux
    private const int FileTooLarge = 27;     // EFBIG
    private const nint Ignore = 1;

    static AtomicFile() => IgnoreSizeSignal();

    /// <summary>A file-size limit kills a process that does not expect the signal; ignored, the write fails like one on a full disk and is cleaned up.</summary>
    internal static void IgnoreSizeSignal()
    {
        if (OperatingSystem.IsLinux()) _ = Signal(FileSizeSignal, Ignore);
    }

    /// <summary>Writes a file through a stream.</summary>
    /// <exception cref="IOException">The file cannot be written; the message names it, the result code is the system's.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = "";
        try
        {
            temporary = Temporary(path);
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            Commit(temporary, path);
        }
        catch (Exception e)
        {
            TryDelete(temporary);
            if (Reason(e) is not { } reason) throw;
            throw new IOException($"{path}: cannot be written: {reason}", e) { HResult = IsSizeLimit(e) ? FileTooLarge : e.HResult };
        }
    }

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteAllText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Makes a file that only its owner may read, unless there is one, and returns the text of the one that is there then: of several programs that make it at once, all
    /// get the same. (<see cref="File.Move(string, string)"/> looks first and renames then, over what another has made in between.)
    /// </summary>
    /// <exception cref="IOException">The file can neither be made nor read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same, for want of a right.</exception>
    public static string CreateOnce(string path, Func<string> text)
    {
        if (!File.Exists(path))
        {
            var made = Temporary(path);
            try
            {
                var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows()) create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                using (var file = new StreamWriter(made, create)) file.Write(text());
                MoveWhereNothingIs(made, path);
            }
            finally
            {
                TryDelete(made);
            }
        }
        return File.ReadAllText(path);
    }

    /// <summary>
    /// Fills a new folder and puts it in its place: <paramref name="fill"/> gets a temporary folder beside it, whose files are flushed
    /// and which is renamed at the end. An existing folder of that name is replaced.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void WriteDirectory(string path, Action<string> fill)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var temporary = Temporary(path);
        try
        {
            Directory.CreateDirectory(temporary);
            fill(temporary);
            FlushTree(temporary);
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
            FlushFolder(Path.GetDirectoryName(path)!);
            if (old is not null) TryDeleteFolder(old);
        }
        catch
        {
            TryDeleteFolder(temporary);
            throw;
        }
    }

    /// <summary>Deletes a file if that is possible; a file that stays does no harm to the caller.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            if (path.Length > 0) File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Deletes a folder and what is in it if that is possible.</summary>
    public static void TryDeleteFolder(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Whether a write failed on the file-size limit; .NET reports it as an argument out of range.</summary>
    public static bool IsSizeLimit(Exception e) => e is ArgumentOutOfRangeException && e.StackTrace?.Contains("System.IO.RandomAccess.", StringComparison.Ordinal) == true;

    /// <summary>Renames a finished file (already flushed) into its place and makes the rename durable.</summary>
    internal static void Commit(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void MoveWhereNothingIs(string file, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(file, path);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another was quicker.
            }
            return;
        }
        if (Link(file, path) != 0 && !File.Exists(path)) throw new IOException($"{path}: cannot be made: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

    private static string? Reason(Exception e) => e switch
    {
        IOException or UnauthorizedAccessException => e.Message,
        _ when IsSizeLimit(e) => "the system's limit on a file's size is exceeded",
        _ => null,
    };

    private static string Temporary(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
    }

    private static void FlushTree(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }
        foreach (var inner in Directory.EnumerateDirectories(folder)) FlushTree(inner);
        FlushFolder(folder);
    }

    // A rename is durable only once the folder itself is on the disk; .NET opens no folders.
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0) return;
        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "link", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Signal(int signal, nint handler);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
