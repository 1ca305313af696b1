using System.Buffers;
using System.Globalization;
using System.Text;

namespace AlpacaCot.Specs.Parsing;

/// <summary>Bytes as text: UTF-8, with or without a byte order mark, and nothing else; what is no UTF-8 would be replaced without a word by other readers.</summary>
internal static class Utf8Text
{
    /// <summary>The text; null, and one error with its place, where the bytes are no UTF-8.</summary>
    public static string? Read(ReadOnlySpan<byte> bytes, List<SpecError> errors)
    {
        if (bytes.StartsWith<byte>([0xEF, 0xBB, 0xBF])) bytes = bytes[3..];
        var (line, column) = (1, 1);
        for (var rest = bytes; rest.Length > 0;)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out var length) != OperationStatus.Done)
            {
                errors.Add(new SpecError(
                    line, column, "", string.Create(CultureInfo.InvariantCulture, $"the file is not UTF-8: the byte 0x{rest[0]:X2} is no part of a character"),
                    rest[0] is 0xFF or 0xFE ? "save it as UTF-8; this looks like UTF-16" : "save it as UTF-8; this looks like Latin-1 or Windows-1252"));
                return null;
            }
            rest = rest[length..];
            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + 1);
        }
        return Encoding.UTF8.GetString(bytes);
    }
}
