using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace AlpacaCot.Files;

/// <summary>
/// Reads small files as a whole, all by the same rules: a byte order mark is taken off (UTF-16 and UTF-32 with one are read as well), bytes that are no
/// UTF-8 are refused instead of being replaced, and a Git LFS pointer is called what it is.
/// </summary>
public static class FileText
{
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
    /// <exception cref="InvalidDataException">It is one, or cannot be read; the message names the file.</exception>
    public static byte[] ReadBytes(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{path}: cannot be read: {e.Message}", e);
        }
        GitLfs.Refuse(path, bytes, bytes.Length);
        return bytes;
    }

    /// <summary>The file's text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="InvalidDataException">It is no text, a Git LFS pointer, or cannot be read; the message names the file.</exception>
    public static ReadOnlyMemory<byte> ReadUtf8(string path)
    {
        var bytes = ReadBytes(path);
        var (mark, encoding) = ByteOrderMark(bytes);
        ReadOnlyMemory<byte> text = encoding is null ? bytes.AsMemory(mark) : Encoding.Convert(encoding, Encoding.UTF8, bytes, mark, bytes.Length - mark);
        if (!Utf8.IsValid(text.Span)) throw NoUtf8(path, text.Span);
        return text;
    }

    /// <summary>The file's text.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ReadUtf8"/>.</exception>
    public static string Read(string path) => Encoding.UTF8.GetString(ReadUtf8(path).Span);

    /// <summary>The file as a JSON document.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ReadUtf8"/>, or it is no JSON.</exception>
    public static JsonElement ReadJson(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(ReadUtf8(path));
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: is not valid JSON: {e.Message}", e);
        }
    }

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
