using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Data.Importing;

/// <summary>A data file as a stream of UTF-8 without a byte order mark, and its lines.</summary>
internal static class SourceText
{
    /// <summary>Bytes of the longest line or row, three times the longest context that a model has: memory holds a row whole, and a file may be one line.</summary>
    public const int LongestRow = 16 << 20;

    private const int SniffBytes = 64 * 1024;

    /// <summary>Opens a file. UTF-16 and UTF-32 with a byte order mark are read as UTF-8.</summary>
    public static Stream Open(string path)
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
        var (skip, encoding) = FileText.ByteOrderMark(head.AsSpan(0, read));
        file.Position = skip;
        return encoding is null ? file : Encoding.CreateTranscodingStream(file, encoding, new UTF8Encoding(false));
    }

    /// <summary>SHA-256 (hex) of the file's bytes.</summary>
    public static string Hash(string path)
    {
        try
        {
            using var file = RegularFile.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The first bytes of the text.</summary>
    public static byte[] Head(string path)
    {
        using var stream = Open(path);
        var head = new byte[SniffBytes];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return head[..read];
    }

    /// <summary>The lines, numbered from 1, split at LF only; a CR before it is dropped.</summary>
    /// <exception cref="DatasetException">A line is too long.</exception>
    public static IEnumerable<(int Number, ArraySegment<byte> Bytes)> Lines(Stream stream, string path)
    {
        var buffer = new byte[1 << 16];
        int start = 0, end = 0, number = 0;
        while (true)
        {
            var at = Array.IndexOf(buffer, (byte)'\n', start, end - start);
            if (at >= 0)
            {
                yield return (++number, Line(buffer, start, at));
                start = at + 1;
                continue;
            }
            if (start > 0)
            {
                Buffer.BlockCopy(buffer, start, buffer, 0, end - start);
                (start, end) = (0, end - start);
            }
            if (end >= LongestRow) throw new DatasetException($"{path}: line {number + 1} is longer than {LongestRow} bytes");
            if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            var read = stream.Read(buffer, end, buffer.Length - end);
            if (read == 0) break;
            end += read;
        }
        if (end > start) yield return (++number, Line(buffer, start, end));
    }

    private static ArraySegment<byte> Line(byte[] buffer, int start, int end)
        => new(buffer, start, (end > start && buffer[end - 1] == '\r' ? end - 1 : end) - start);
}
