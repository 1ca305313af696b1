using System.Buffers.Binary;
using System.Text;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>Reads what <see cref="WireWriter"/> wrote. Every length is checked against what is left.</summary>
internal sealed class WireReader(ReadOnlyMemory<byte> data, IReferenceSource references)
{
    private readonly ReadOnlyMemory<byte> _data = data;

    public int Position { get; private set; }

    public int Depth { get; set; }

    public int Remaining => _data.Length - Position;

    /// <summary>Binds the references that a message holds.</summary>
    public IReferenceSource References { get; } = references;

    public byte ReadByte() => Take(1)[0];

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = ReadByte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw new SerializerException("a message holds an overlong number");
    }

    public long ReadSigned()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public uint ReadFixed32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ReadOnlySpan<byte> ReadRaw(int count) => Take(count);

    /// <summary>A length or count that was written plus one; -1 stands for null. At least <paramref name="leastSize"/> bytes per element must be left.</summary>
    public int ReadCount(int leastSize = 1)
    {
        var value = ReadVarint();
        if (value == 0) return -1;
        var count = value - 1;
        if (count > (ulong)(Remaining / Math.Max(leastSize, 1)) && leastSize > 0) throw Short();
        return checked((int)count);
    }

    public string? ReadString()
    {
        var count = ReadCount();
        return count < 0 ? null : Encoding.UTF8.GetString(Take(count));
    }

    /// <summary>The end of a block that begins here.</summary>
    public int EnterBlock()
    {
        var length = ReadFixed32();
        if (length > (uint)Remaining) throw Short();
        return Position + (int)length;
    }

    public void LeaveBlock(int end) => Position = end;

    public void Skip(WireKind kind)
    {
        switch (kind)
        {
            case WireKind.Varint: ReadVarint(); break;
            case WireKind.Fixed32: Take(4); break;
            case WireKind.Fixed64: Take(8); break;
            default: LeaveBlock(EnterBlock()); break;
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining) throw Short();
        var span = _data.Span.Slice(Position, count);
        Position += count;
        return span;
    }

    private static SerializerException Short() => new("a message ends before its values do");
}
