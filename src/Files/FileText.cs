using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Files;

/// <summary>
/// Reads small files as a whole, all by the same rules: a byte order mark is taken off (UTF-16 and UTF-32 with one are read as well), bytes that are no
/// UTF-8 are refused instead of being replaced, and a Git LFS pointer is called what it is.
/// </summary>
public static class FileText
{
    /// <summary>Bytes of the largest file that is read whole where its reader states no limit of its own: configurations have a few kilobytes, the largest some hundred.</summary>
    public const int LargestSmallFile = 4 << 20;

    /// <summary>The byte order mark that a text begins with: its length in bytes, and the encoding that it stands for; null is UTF-8.</summary>
    public static (int Length, Encoding? Encoding) ByteOrderMark(ReadOnlySpan<byte> start) => start switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (3, null),
        [0xFF, 0xFE, 0, 0, ..] => (4, Encoding.UTF32),
        [0xFF, 0xFE, ..] => (2, Encoding.Unicode),
        [0xFE, 0xFF, ..] => (2, Encoding.BigEndianUnicode),
        _ => (0, null),
    };

    /// <summary>The bytes of any file that is no Git LFS pointer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="largest">Most bytes that it may have.</param>
    /// <exception cref="InvalidDataException">It is one, is larger, is no regular file, or cannot be read; the message names the file.</exception>
    public static byte[] ReadBytes(string path, int largest = LargestSmallFile)
    {
        byte[] bytes;
        try
        {
            using var file = RegularFile.OpenRead(path, bufferSize: 0);
            if (file.Length > largest) throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{path}: has {file.Length:N0} bytes; at most {largest:N0} are read"));
            bytes = new byte[file.Length];
            // A file that is being written may have become shorter.
            var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (read < bytes.Length) bytes = bytes[..read];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{path}: cannot be read: {e.Message}", e);
        }
        GitLfs.Refuse(path, bytes, bytes.Length);
        return bytes;
    }

    /// <summary>The file's text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="InvalidDataException">It is no text, a Git LFS pointer, too large, or cannot be read; the message names the file.</exception>
    public static ReadOnlyMemory<byte> ReadUtf8(string path, int largest = LargestSmallFile)
    {
        var bytes = ReadBytes(path, largest);
        var (mark, encoding) = ByteOrderMark(bytes);
        ReadOnlyMemory<byte> text = encoding is null ? bytes.AsMemory(mark) : Encoding.Convert(encoding, Encoding.UTF8, bytes, mark, bytes.Length - mark);
        if (!Utf8.IsValid(text.Span)) throw NoUtf8(path, text.Span);
        return text;
    }

    /// <summary>The file's text.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ReadUtf8"/>.</exception>
    public static string Read(string path, int largest = LargestSmallFile) => Encoding.UTF8.GetString(ReadUtf8(path, largest).Span);

    /// <summary>The file as a JSON document, read strictly.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ReadUtf8"/>, or as <see cref="StrictJson.Parse"/>.</exception>
    public static JsonElement ReadJson(string path, int largest = LargestSmallFile) => StrictJson.Parse(ReadUtf8(path, largest).Span, path);

    /// <summary>The file as a JSON object, read strictly.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ReadUtf8"/>, or as <see cref="StrictJson.ParseObject"/>.</exception>
    public static JsonObject ReadJsonObject(string path, int largest = LargestSmallFile) => StrictJson.ParseObject(Read(path, largest), path);

    private static InvalidDataException NoUtf8(string path, ReadOnlySpan<byte> text)
    {
        var line = 1;
        for (var at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf8(text[at..], out var rune, out var length) != System.Buffers.OperationStatus.Done)
                return new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{path}: is not UTF-8 (byte 0x{text[at]:X2} in line {line}); save it as UTF-8"));
            if (rune.Value == '\n') line++;
            at += length;
        }
        return new InvalidDataException($"{path}: is not UTF-8; save it as UTF-8");
    }
}
