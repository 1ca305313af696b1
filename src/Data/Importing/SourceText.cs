using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using AlpacaCot.Data.Formats;
using AlpacaCot.Files;

namespace AlpacaCot.Data.Importing;

/// <summary>A data file as a stream of UTF-8 without a byte order mark, and its lines.</summary>
internal static class SourceText
{
    /// <summary>Bytes of the longest line or row, three times the longest context that a model has: memory holds a row whole, and a file may be one line.</summary>
    public const int LongestRow = 16 << 20;

    private const int SniffBytes = 64 * 1024;

    private static readonly string[] _dataEndings = [".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt"];

    /// <summary>Opens a file as text: without its compression, and as UTF-8 where it is in another encoding. Of an archive it is the text of its one data file, or of all its files of lines, one after another.</summary>
    public static Stream Open(TextFile file)
    {
        var path = file.Path;
        if (!Archives.IsArchive(path, SourceBytes.Head(path, Compression.SniffBytes))) return file.Encoding.Decoded(SourceBytes.OpenStream(path), path);
        var names = Archives.Entries(path).Select(entry => entry.Name).Where(IsData).ToList();
        if (names.Count == 0) throw new DatasetException($"{path}: holds no data file ({string.Join(", ", _dataEndings)})");
        if (names.Count > 1 && names.Find(name => Path.GetExtension(name).ToLowerInvariant() is not (".jsonl" or ".ndjson")) is { } other)
            throw new DatasetException($"{path}: holds {names.Count} data files, of which {VisibleText.OnOneLine(other)} is not JSON lines: unpack it and name the folder");
        return new JoinedStream(Archives.Entries(path).Where(entry => IsData(entry.Name)).Select(entry => file.Encoding.Decoded(entry.Open(), $"{path}: {entry.Name}")));
    }

    private static bool IsData(string name) => !Path.GetFileName(name).StartsWith('.') && _dataEndings.Contains(Path.GetExtension(name).ToLowerInvariant());

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
    public static byte[] Head(TextFile file)
    {
        using var stream = Open(file);
        var head = new byte[SniffBytes];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return head[..read];
    }

    /// <summary>What is wrong with a line that is too long.</summary>
    public static string TooLong { get; } = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"is longer than {LongestRow} bytes");

    /// <summary>What is wrong with a line of text that has a NUL: files of machines have them, and what remains of a broken transfer.</summary>
    public const string NulByte = "has a NUL byte, which is no text";

    /// <summary>The lines, numbered from 1, split at LF only; a CR before it is dropped. A line that is too long is gone over and given as null.</summary>
    public static IEnumerable<(int Number, ArraySegment<byte>? Bytes)> Lines(Stream stream)
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
            if (end >= LongestRow)
            {
                yield return (++number, null);
                var rest = 0;
                while ((at = Array.IndexOf(buffer, (byte)'\n', 0, rest)) < 0 && (rest = stream.Read(buffer, 0, buffer.Length)) > 0) { }
                (start, end) = (at + 1, rest);
                if (rest == 0) yield break;
                continue;
            }
            if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            var read = stream.Read(buffer, end, buffer.Length - end);
            if (read == 0) break;
            end += read;
        }
        if (end > start) yield return (++number, Line(buffer, start, end));
    }

    /// <summary>A line as text, or what is wrong with it.</summary>
    public static (string? Text, string? Mistake) Decode(ArraySegment<byte>? bytes, SourceEncoding encoding)
    {
        if (bytes is not { } line) return (null, TooLong);
        if (!Utf8.IsValid(line)) return (null, encoding.Mistake(line));
        return line.AsSpan().Contains((byte)0) ? (null, NulByte) : (Encoding.UTF8.GetString(line), null);
    }

    private static ArraySegment<byte> Line(byte[] buffer, int start, int end)
        => new(buffer, start, (end > start && buffer[end - 1] == '\r' ? end - 1 : end) - start);
}
