using AlpacaCot.Files;

namespace AlpacaCot.Data.Formats;

/// <summary>Files as their bytes, without their compression.</summary>
internal static class SourceBytes
{
    /// <summary>Opens a file as it lies there.</summary>
    /// <exception cref="DatasetException">It is missing, no regular file, or cannot be read.</exception>
    public static FileStream OpenFile(string path)
    {
        FileStream file;
        try
        {
            file = RegularFile.OpenRead(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DatasetException(Directory.Exists(path) ? $"{path}: is a folder, not a data file" : $"{path}: no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path}: cannot be read: {e.Message}", e);
        }
        var head = new byte[1024];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        try
        {
            GitLfs.Refuse(path, head.AsSpan(0, read), file.Length);
        }
        catch (InvalidDataException e)
        {
            file.Dispose();
            throw new DatasetException(e.Message, e);
        }
        file.Position = 0;
        return file;
    }

    /// <summary>The first bytes of a file as it lies there.</summary>
    public static byte[] Head(string path, int count)
    {
        using var file = OpenFile(path);
        var head = new byte[count];
        return head[..file.ReadAtLeast(head, count, throwOnEndOfStream: false)];
    }

    /// <summary>The content of a file that is compressed as one stream, or not at all.</summary>
    public static Stream OpenStream(string path)
    {
        var file = OpenFile(path);
        var head = new byte[Compression.SniffBytes];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return Compression.Open(file, Compression.FormOf(path, head.AsSpan(0, read)), path);
    }
}
