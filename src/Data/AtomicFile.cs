namespace AlpacaCot.Data;

/// <summary>Files that appear whole or not at all: written beside, flushed to the disk, renamed.</summary>
internal static class AtomicFile
{
    public static void WriteAllText(string path, string text) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(text);
    });

    public static void Write(string path, Action<Stream> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                content(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            TryDelete(temporary);
            if (Reason(e) is { } reason) throw new DatasetException($"{path}: cannot be written: {reason}", e);
            throw;
        }
    }

    private static string? Reason(Exception e) => e switch
    {
        IOException or UnauthorizedAccessException => e.Message,
        // The runtime reports EFBIG so.
        ArgumentOutOfRangeException => "it exceeds the system's limit on a file's size",
        _ => null,
    };

    public static void TryDelete(string path)
    {
        try { File.Delete(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }
}
