using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AlpacaCot.LocalSilo.Storage.Journal;

internal enum JournalOp : byte
{
    Put = 1,
    Clear = 2,
    /// <summary>The last record of a snapshot: its version is the sequence, its body the number of records before it.</summary>
    End = 3,
}

/// <summary>
/// How a record lies in a file: length of what follows the checksum (4 bytes), CRC-32C of it (4), operation (1), version (8), length of the
/// key (4), key (UTF-8), body. Little-endian.
/// </summary>
internal static class JournalRecord
{
    public const int Overhead = 8 + 13;
    public const int MaxLength = 1 << 30;

    public static int Size(int keyBytes, int bodyBytes) => Overhead + keyBytes + bodyBytes;

    /// <summary>Appends a record; returns where its body begins, relative to the record.</summary>
    public static int Append(ArrayBufferWriter<byte> writer, JournalOp op, long version, string key, ReadOnlySpan<byte> body)
    {
        var keyBytes = Encoding.UTF8.GetByteCount(key);
        var size = Size(keyBytes, body.Length);
        var span = writer.GetSpan(size)[..size];
        BinaryPrimitives.WriteInt32LittleEndian(span, size - 8);
        span[8] = (byte)op;
        BinaryPrimitives.WriteInt64LittleEndian(span[9..], version);
        BinaryPrimitives.WriteInt32LittleEndian(span[17..], keyBytes);
        Encoding.UTF8.GetBytes(key, span[Overhead..]);
        body.CopyTo(span[(Overhead + keyBytes)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], Checksum(span[8..]));
        writer.Advance(size);
        return Overhead + keyBytes;
    }

    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (var one in bytes) sum = BitOperations.Crc32C(sum, one);
        return ~sum;
    }

    /// <summary>Reads the record at the start of a span; null where it is torn or damaged.</summary>
    public static ParsedRecord? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Overhead) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length < Overhead - 8 || length > MaxLength || length > bytes.Length - 8) return null;
        var content = bytes.Slice(8, length);
        if (Checksum(content) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])) return null;
        var keyBytes = BinaryPrimitives.ReadInt32LittleEndian(content[9..]);
        if (keyBytes < 0 || keyBytes > length - 13) return null;
        return new ParsedRecord(
            (JournalOp)content[0], BinaryPrimitives.ReadInt64LittleEndian(content[1..]), Encoding.UTF8.GetString(content.Slice(13, keyBytes)),
            Overhead + keyBytes, length - 13 - keyBytes, length + 8);
    }
}

/// <summary>A record that was read; the body's place is relative to the record.</summary>
internal readonly record struct ParsedRecord(JournalOp Op, long Version, string Key, int BodyOffset, int BodyLength, int Size);
