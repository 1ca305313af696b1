using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>How a member's value lies in a message, so that a reader can skip members that it does not know.</summary>
internal enum WireKind : byte
{
    Varint,
    Fixed32,
    Fixed64,
    Block,
}

/// <summary>Writes values into a growing buffer: little-endian, integers as 7-bit groups.</summary>
internal sealed class WireWriter : IDisposable
{
    /// <summary>Deeper nesting than this is a cycle.</summary>
    public const int MaxDepth = 200;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(512);

    public int Length { get; private set; }

    public int Depth { get; set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, Length);

    public void WriteByte(byte value) => Reserve(1)[0] = value;

    public void WriteVarint(ulong value)
    {
        var span = Ensure(10);
        var at = 0;
        while (value >= 0x80)
        {
            span[at++] = (byte)(value | 0x80);
            value >>= 7;
        }
        span[at++] = (byte)value;
        Length += at;
    }

    public void WriteSigned(long value) => WriteVarint((ulong)((value << 1) ^ (value >> 63)));

    public void WriteFixed32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);

    public void WriteFixed64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);

    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>A text or null.</summary>
    public void WriteString(string? value)
    {
        if (value is null)
        {
            WriteVarint(0);
            return;
        }
        var count = Encoding.UTF8.GetByteCount(value);
        WriteVarint((ulong)count + 1);
        Encoding.UTF8.GetBytes(value, Reserve(count));
    }

    /// <summary>Opens a block whose length is filled in by <see cref="EndBlock"/>.</summary>
    public int BeginBlock()
    {
        Reserve(4);
        return Length;
    }

    public void EndBlock(int start) => BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(start - 4, 4), (uint)(Length - start));

    public void Reset()
    {
        Length = 0;
        Depth = 0;
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        Length = 0;
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
    }

    private Span<byte> Reserve(int count)
    {
        var span = Ensure(count)[..count];
        Length += count;
        return span;
    }

    private Span<byte> Ensure(int count)
    {
        if (_buffer.Length - Length < count) Grow(count);
        return _buffer.AsSpan(Length);
    }

    private void Grow(int count)
    {
        var wanted = Math.Max((long)Length + count, _buffer.Length * 2L);
        if (wanted > Array.MaxLength) throw new SerializerException($"a message is larger than {Array.MaxLength} bytes: send such data by file");
        var larger = ArrayPool<byte>.Shared.Rent((int)wanted);
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
