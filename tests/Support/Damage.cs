using System.Buffers.Binary;

namespace AlpacaCot.Tests;

/// <summary>What is done to some bytes.</summary>
public enum DamageKind
{
    /// <summary>One byte gets another value.</summary>
    Set,

    /// <summary>One bit is turned over.</summary>
    Flip,

    /// <summary>Four or eight bytes become a number that readers stumble over.</summary>
    Number,

    /// <summary>Bytes are put in.</summary>
    Insert,

    /// <summary>Bytes are taken out.</summary>
    Remove,

    /// <summary>Bytes are copied to another place.</summary>
    Copy,

    /// <summary>The file ends early.</summary>
    Cut,
}

/// <summary>One change of a file.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="At">Where: counted from the beginning, or from the end where it is negative; any number, it is taken modulo the file's length.</param>
/// <param name="Value">The new value, the bit, the length or the other place, as the kind needs it.</param>
public readonly record struct DamageEdit(DamageKind Kind, int At, int Value)
{
    private static readonly long[] _numbers = [0, -1, 1, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, uint.MaxValue, 0x7FFF, 0xFFFF, 1L << 31, 1L << 40];

    /// <summary>Changes the bytes.</summary>
    public byte[] Apply(byte[] bytes)
    {
        if (bytes.Length == 0) return bytes;
        var at = At >= 0 ? At % bytes.Length : bytes.Length - 1 - (int)(~(long)At % bytes.Length);
        var count = Math.Min(bytes.Length - at, 1 + (Value & 31));
        switch (Kind)
        {
            case DamageKind.Set:
                bytes[at] = (byte)Value;
                return bytes;
            case DamageKind.Flip:
                bytes[at] ^= (byte)(1 << (Value & 7));
                return bytes;
            case DamageKind.Number:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, _numbers[Value % _numbers.Length]);
                number[..Math.Min(Value % 2 == 0 ? 4 : 8, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
                return bytes;
            case DamageKind.Insert:
                return [.. bytes[..at], .. Enumerable.Repeat((byte)(Value >> 5), 1 + (Value & 31)), .. bytes[at..]];
            case DamageKind.Remove:
                return [.. bytes[..at], .. bytes[(at + count)..]];
            case DamageKind.Copy:
                var to = Value % bytes.Length;
                return [.. bytes[..to], .. bytes[at..(at + count)], .. bytes[to..]];
            default:
                return bytes[..at];
        }
    }
}

/// <summary>A few changes of a file that was valid.</summary>
public sealed record Damage(IReadOnlyList<DamageEdit> Edits)
{
    /// <summary>A changed copy of the bytes.</summary>
    public byte[] Apply(byte[] bytes) => Edits.Aggregate((byte[])bytes.Clone(), (current, edit) => edit.Apply(current));

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", Edits);
}
