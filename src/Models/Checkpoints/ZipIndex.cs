using System.Buffers.Binary;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// Where the entries of a zip archive lie in the file. torch stores its entries uncompressed and aligned, so that they can be mapped in place;
/// <see cref="System.IO.Compression.ZipArchive"/> does not tell offsets. Reads zip64 (archives beyond 4 GiB).
/// </summary>
internal static class ZipIndex
{
    private const uint EndSignature = 0x06054b50, End64Locator = 0x07064b50, End64Signature = 0x06064b50, CentralSignature = 0x02014b50, LocalSignature = 0x04034b50;

    /// <summary>Most bytes of the directory. An entry, one for each storage, takes some 70, so that this is room for hundreds of thousands.</summary>
    public const int LargestDirectory = 64 << 20;

    /// <summary>Name → (offset of the first byte, length).</summary>
    /// <exception cref="FormatException">The archive is damaged, or an entry is compressed.</exception>
    public static Dictionary<string, (long Offset, long Length)> Read(MappedFile file)
    {
        try
        {
            var (at, count) = Directory(file);
            var (begin, entries) = (at, new Dictionary<string, (long, long)>(StringComparer.Ordinal));
            for (var i = 0L; i < count; i++)
            {
                if (at - begin > LargestDirectory) throw new FormatException($"a zip directory of more than {LargestDirectory} bytes");
                var head = file.Span(at, 46);
                if (BinaryPrimitives.ReadUInt32LittleEndian(head) != CentralSignature) throw new FormatException($"damaged zip directory at byte {at}");
                var method = BinaryPrimitives.ReadUInt16LittleEndian(head[10..]);
                long stored = BinaryPrimitives.ReadUInt32LittleEndian(head[20..]), size = BinaryPrimitives.ReadUInt32LittleEndian(head[24..]);
                int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(head[28..]), extraLength = BinaryPrimitives.ReadUInt16LittleEndian(head[30..]);
                int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(head[32..]);
                long local = BinaryPrimitives.ReadUInt32LittleEndian(head[42..]);
                var name = Encoding.UTF8.GetString(file.Span(at + 46, nameLength));
                Zip64(file.Span(at + 46 + nameLength, extraLength), ref size, ref stored, ref local);
                if (method != 0) throw new FormatException($"zip entry {name} is compressed; torch stores its entries plain");

                var localHead = file.Span(local, 30);
                if (BinaryPrimitives.ReadUInt32LittleEndian(localHead) != LocalSignature) throw new FormatException($"damaged zip entry {name}");
                var start = local + 30 + BinaryPrimitives.ReadUInt16LittleEndian(localHead[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(localHead[28..]);
                if (!ByteRange.IsWithin(start, size, file.Length)) throw new FormatException($"zip entry {name} ends beyond the file (is the download complete?)");
                if (!entries.TryAdd(name, (start, size))) throw new FormatException($"zip entry {name} occurs twice");
                at += 46 + nameLength + extraLength + commentLength;
            }
            return entries;
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new FormatException("damaged zip directory (is the download complete?)", e);
        }
    }

    private static (long Offset, long Count) Directory(MappedFile file)
    {
        var tail = (int)Math.Min(file.Length, 22 + ushort.MaxValue);
        var span = file.Span(file.Length - tail, tail);
        for (var i = tail - 22; i >= 0; i--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(span[i..]) != EndSignature) continue;
            long count = BinaryPrimitives.ReadUInt16LittleEndian(span[(i + 10)..]), offset = BinaryPrimitives.ReadUInt32LittleEndian(span[(i + 16)..]);
            if (i >= 20 && BinaryPrimitives.ReadUInt32LittleEndian(span[(i - 20)..]) == End64Locator)
            {
                var end = file.Span(BinaryPrimitives.ReadInt64LittleEndian(span[(i - 12)..]), 56);
                if (BinaryPrimitives.ReadUInt32LittleEndian(end) != End64Signature) throw new FormatException("damaged zip64 directory");
                count = BinaryPrimitives.ReadInt64LittleEndian(end[32..]);
                offset = BinaryPrimitives.ReadInt64LittleEndian(end[48..]);
            }
            return (offset, count);
        }
        throw new FormatException("no zip directory at the end of the file (is the download complete?)");
    }

    // In the zip64 extra field each 64-bit value is present only where its 32-bit field is all ones, in this order.
    private static void Zip64(ReadOnlySpan<byte> extra, ref long size, ref long stored, ref long local)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra), length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            var field = extra.Slice(4, length);
            if (id == 1)
            {
                Next(ref field, ref size);
                Next(ref field, ref stored);
                Next(ref field, ref local);
            }
            extra = extra[(4 + length)..];
        }

        static void Next(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != uint.MaxValue) return;
            value = BinaryPrimitives.ReadInt64LittleEndian(field);
            field = field[8..];
        }
    }
}
