using System.Runtime.InteropServices;

namespace AlpacaCot.Files;

/// <summary>
/// Opens files for reading, and nothing but files: a named pipe in a file's place would wait for a writer for ever, and a device such as /dev/zero never ends.
/// </summary>
public static class RegularFile
{
    private const int CurrentFolder = -100, TypeAndMode = 3;       // AT_FDCWD, STATX_TYPE | STATX_MODE
    private const int StatusBytes = 256, ModeAt = 28;              // struct statx is the same on every architecture
    private const int TypeBits = 0xF000, Regular = 0x8000, Folder = 0x4000, Pipe = 0x1000, Socket = 0xC000;

    /// <summary>Opens a file for sequential reading.</summary>
    /// <exception cref="IOException">There is none, it cannot be read, or it is a folder, a pipe, a socket or a device.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path, int bufferSize = 1 << 16, FileOptions options = FileOptions.SequentialScan)
    {
        Require(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize, options);
    }

    /// <summary>Copies a file, by the same rule: a device in its place would fill the disk.</summary>
    /// <exception cref="IOException">It is no regular file, cannot be read, or the copy cannot be written; the message names the file.</exception>
    /// <exception cref="UnauthorizedAccessException">One of the two may not be used.</exception>
    public static void Copy(string from, string to, bool overwrite = false)
    {
        if (KindOf(from) is { } kind) throw new IOException($"{from}: it is {kind}, not a file");
        File.Copy(from, to, overwrite);
    }

    /// <summary>Refuses what is no regular file; a path where nothing is, is left to whoever opens it.</summary>
    /// <exception cref="IOException">It is a folder, a pipe, a socket or a device.</exception>
    public static void Require(string path)
    {
        if (KindOf(path) is { } kind) throw new IOException($"it is {kind}, not a file");
    }

    private static string? KindOf(string path)
    {
        if (Directory.Exists(path)) return "a folder";
        if (!OperatingSystem.IsLinux()) return null;
        var status = new byte[StatusBytes];
        if (Statx(CurrentFolder, path, 0, TypeAndMode, status) != 0) return null;
        return (BitConverter.ToUInt16(status, ModeAt) & TypeBits) switch
        {
            Regular => null,
            Folder => "a folder",
            Pipe => "a pipe",
            Socket => "a socket",
            _ => "a device",
        };
    }

    [DllImport("libc", EntryPoint = "statx")]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] status);
}
