using System.Buffers.Binary;
using System.IO.Hashing;
using SharpCompress.Compressors;
using SharpCompress.Compressors.Deflate;

namespace AlpacaCot.Data.Formats;

/// <summary>
/// The content of a gzip file, all members one after another. The base library's stream takes a file that is cut off, or that has something else after its last member, for
/// a whole one; here lengths and CRCs of every member are compared, and nothing but zeros may follow the last.
/// </summary>
internal sealed class GzipMembers(Stream file) : ReadOnlyStream
{
    private const int Extra = 4, Name = 8, Comment = 16, HeaderCrc = 2;

    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly Crc32 _crc = new();
    private DeflateStream? _member;
    private long _began;
    private uint _length;
    private bool _any;
    private bool _atEnd;

    public override int Read(Span<byte> buffer)
    {
        while (!_atEnd)
        {
            if (_member is null && !Begin()) break;
            var read = _member!.Read(_buffer, 0, Math.Min(buffer.Length, _buffer.Length));
            if (read > 0)
            {
                var bytes = _buffer.AsSpan(0, read);
                _crc.Append(bytes);
                _length += (uint)read;
                bytes.CopyTo(buffer);
                return read;
            }
            End();
        }
        _atEnd = true;
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Reads the header of the next member; false where there is none.</summary>
    private bool Begin()
    {
        var first = file.ReadByte();
        if (_any && first <= 0)
        {
            while (first == 0) first = file.ReadByte();
            if (first < 0) return false;
            throw new InvalidDataException("something that is no gzip member follows the last one");
        }
        var header = new byte[10];
        header[0] = (byte)Math.Max(first, 0);
        file.ReadExactly(header, 1, header.Length - 1);
        if (header[0] != 0x1F || header[1] != 0x8B || header[2] != 8) throw new InvalidDataException(_any ? "something that is no gzip member follows the last one" : "is not gzip");
        var flags = header[3];
        if ((flags & Extra) != 0) Skip(Byte() | Byte() << 8);
        if ((flags & Name) != 0) SkipText();
        if ((flags & Comment) != 0) SkipText();
        if ((flags & HeaderCrc) != 0) Skip(2);
        _began = file.Position;
        _any = true;
        _length = 0;
        _crc.Reset();
        _member = new DeflateStream(file, CompressionMode.Decompress, CompressionLevel.Default, leaveOpen: true, null);
        return true;
    }

    /// <summary>Compares what a member says of its content with what came out of it.</summary>
    private void End()
    {
        file.Position = _began + _member!.TotalIn;
        _member.Dispose();
        _member = null;
        var trailer = new byte[8];
        if (file.ReadAtLeast(trailer, trailer.Length, throwOnEndOfStream: false) < trailer.Length) throw new InvalidDataException("the file ends inside a member");
        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != _crc.GetCurrentHashAsUInt32()) throw new InvalidDataException("the CRC of a member is another");
        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer.AsSpan(4)) != _length) throw new InvalidDataException("the length of a member is another");
    }

    private int Byte() => file.ReadByte() is >= 0 and var value ? value : throw new InvalidDataException("the file ends inside a header");

    private void Skip(int count)
    {
        for (var i = 0; i < count; i++) Byte();
    }

    private void SkipText()
    {
        while (Byte() != 0) { }
    }
}
