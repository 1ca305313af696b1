using System.Buffers.Binary;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>Reads the protobuf wire format field by field (protobuf.dev/programming-guides/encoding).</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;

    /// <summary>The number of the field just read.</summary>
    public int Field { get; private set; }

    /// <summary>A varint's or fixed number's value.</summary>
    public ulong Number { get; private set; }

    /// <summary>A length-delimited field's bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The value as a 32-bit float.</summary>
    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)Number);

    /// <summary>Reads the next field; false at the end.</summary>
    /// <exception cref="InvalidDataException">The message is cut off or no protobuf.</exception>
    public bool Next()
    {
        if (_at >= _message.Length) return false;
        var tag = Varint();
        Field = (int)(tag >> 3);
        if (Field == 0) throw new InvalidDataException($"field number 0 at byte {_at}");
        switch ((int)(tag & 7))
        {
            case 0: Number = Varint(); break;
            case 1: Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case 2: Bytes = Take(Varint()); break;
            case 5: Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            default: throw new InvalidDataException($"wire type {tag & 7} at byte {_at}");
        }
        return true;
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _at)) throw new InvalidDataException($"cut off at byte {_at}");
        var bytes = _message.Slice(_at, (int)length);
        _at += (int)length;
        return bytes;
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw new InvalidDataException($"a number of more than ten bytes at byte {_at}");
    }
}
