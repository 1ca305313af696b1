using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>Makes inputs of inputs: bytes changed, moved, repeated; words of the format put in; JSON changed in its values.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> words)
{
    /// <summary>Longer inputs teach a reader nothing that shorter ones do not, and take long.</summary>
    private const int Longest = 1 << 16;

    private static readonly long[] _numbers =
        [0, 1, -1, 2, 127, 128, 255, 256, short.MaxValue, ushort.MaxValue, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 1L << 40, long.MaxValue - 30];

    private static readonly string[] _digits = ["0", "-1", "1e999", "2147483647", "2147483648", "9223372036854775807", "0.5", "1e-5", "16777217", "65"];

    /// <summary>An input made of one or two others.</summary>
    public byte[] Mutate(byte[] parent, byte[] other)
    {
        var bytes = random.Next(4) == 0 && Document(parent) is { } changed ? changed : (byte[])parent.Clone();
        for (var edits = 1 + random.Next(random.Next(8) == 0 ? 16 : 4); edits > 0; edits--) bytes = Edit(bytes, other);
        return bytes.Length <= Longest ? bytes : bytes[..Longest];
    }

    private byte[] Edit(byte[] bytes, byte[] other)
    {
        if (bytes.Length == 0) return (byte[])other.Clone();
        var at = random.Next(bytes.Length);
        var length = Math.Min(bytes.Length - at, 1 + random.Next(random.Next(4) == 0 ? 256 : 8));
        switch (random.Next(12))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, _numbers[random.Next(_numbers.Length)]);
                number[..Math.Min(1 << random.Next(4), bytes.Length - at)].CopyTo(bytes.AsSpan(at));
                return bytes;
            case 3: return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4: return [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
            case 5: return Repeated(bytes, at, length);
            case 6: return [.. bytes[..at], .. words[random.Next(words.Count)], .. bytes[at..]];
            case 7:
                var word = words[random.Next(words.Count)];
                return [.. bytes[..at], .. word, .. bytes[Math.Min(bytes.Length, at + word.Length)..]];
            case 8: return [.. bytes[..at], .. other.AsSpan(Math.Min(other.Length, random.Next(other.Length + 1)))];
            case 9: return bytes[..at];
            case 10: return Digits(bytes, at);
            default:
                var from = random.Next(bytes.Length);
                var count = Math.Min(length, bytes.Length - from);
                bytes.AsSpan(from, count).ToArray().CopyTo(bytes.AsSpan(Math.Min(at, bytes.Length - count)));
                return bytes;
        }
    }

    private byte[] Repeated(byte[] bytes, int at, int length)
    {
        var times = Math.Min(1 << random.Next(13), Longest / length);
        using var stream = new MemoryStream();
        stream.Write(bytes.AsSpan(0, at));
        for (var i = 0; i < times && stream.Length < Longest; i++) stream.Write(bytes.AsSpan(at, length));
        stream.Write(bytes.AsSpan(at));
        return stream.ToArray();
    }

    // A number in a text becomes another number.
    private byte[] Digits(byte[] bytes, int at)
    {
        while (at < bytes.Length && !char.IsAsciiDigit((char)bytes[at])) at++;
        var end = at;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end])) end++;
        return [.. bytes[..at], .. Encoding.ASCII.GetBytes(_digits[random.Next(_digits.Length)]), .. bytes[end..]];
    }

    private byte[]? Document(byte[] bytes)
    {
        if (bytes.Length == 0 || bytes[0] is not ((byte)'{' or (byte)'[')) return null;
        try
        {
            var node = JsonNode.Parse(bytes);
            for (var edits = 1 + random.Next(3); edits > 0; edits--) node = new JsonEdit(random.Next(), random.Next()).Apply(node);
            return Encoding.UTF8.GetBytes(node?.ToJsonString() ?? "null");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;   // what was damaged before is no document
        }
    }

    /// <summary>A number for messages, whatever the culture.</summary>
    public static string Text(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
