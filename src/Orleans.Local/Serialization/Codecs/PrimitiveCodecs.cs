using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>A type whose values nobody can change and that needs no other codec.</summary>
internal sealed class PrimitiveCodec<T>(WireKind kind, Action<WireWriter, T> write, Func<WireReader, T> read) : Codec<T>
{
    public override WireKind Kind => kind;

    public override bool Shareable => true;

    public override T Copy(T value, CopyContext context) => value;

    public override void Write(WireWriter writer, T value) => write(writer, value);

    public override T Read(WireReader reader) => read(reader);
}

/// <summary>Numbers, texts, times and identities.</summary>
internal static class PrimitiveCodecs
{
    private static readonly HashSet<Type> s_blittable =
    [
        typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(float), typeof(double), typeof(Half),
    ];

    public static bool IsBlittable(Type element) => s_blittable.Contains(element);

    public static ConcurrentDictionary<Type, Codec> All()
    {
        var all = new ConcurrentDictionary<Type, Codec>();
        void Add<T>(WireKind kind, Action<WireWriter, T> write, Func<WireReader, T> read) => all[typeof(T)] = new PrimitiveCodec<T>(kind, write, read);

        Add(WireKind.Varint, (w, v) => w.WriteByte(v ? (byte)1 : (byte)0), r => r.ReadVarint() != 0);
        Add<byte>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => checked((byte)r.ReadVarint()));
        Add<ushort>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => checked((ushort)r.ReadVarint()));
        Add<uint>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => checked((uint)r.ReadVarint()));
        Add<ulong>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => r.ReadVarint());
        Add<char>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => checked((char)r.ReadVarint()));
        Add<sbyte>(WireKind.Varint, (w, v) => w.WriteSigned(v), r => checked((sbyte)r.ReadSigned()));
        Add<short>(WireKind.Varint, (w, v) => w.WriteSigned(v), r => checked((short)r.ReadSigned()));
        Add<int>(WireKind.Varint, (w, v) => w.WriteSigned(v), r => checked((int)r.ReadSigned()));
        Add<long>(WireKind.Varint, (w, v) => w.WriteSigned(v), r => r.ReadSigned());
        Add<float>(WireKind.Fixed32, (w, v) => w.WriteFixed32(BitConverter.SingleToUInt32Bits(v)), r => BitConverter.UInt32BitsToSingle(r.ReadFixed32()));
        Add<double>(WireKind.Fixed64, (w, v) => w.WriteFixed64(BitConverter.DoubleToUInt64Bits(v)), r => BitConverter.UInt64BitsToDouble(r.ReadFixed64()));
        AddRaw<Half>(all);
        AddRaw<decimal>(all);
        AddRaw<Guid>(all);
        AddRaw<Int128>(all);
        AddRaw<UInt128>(all);
        Add<string?>(WireKind.Block, (w, v) => w.WriteString(v), r => r.ReadString());
        AddText(all, v => v.OriginalString, s => new Uri(s, UriKind.RelativeOrAbsolute));
        AddText(all, v => v.ToString(), Version.Parse);
        AddText(all, v => v.Name, CultureInfo.GetCultureInfo);
        Add(WireKind.Block, (w, v) => w.WriteString(v.ToString(CultureInfo.InvariantCulture)), r => BigInteger.Parse(r.ReadString()!, CultureInfo.InvariantCulture));
        Add(WireKind.Varint, (w, v) => w.WriteSigned(v.Ticks), r => new TimeSpan(r.ReadSigned()));
        Add(WireKind.Fixed64, (w, v) => w.WriteFixed64((ulong)v.ToBinary()), r => DateTime.FromBinary((long)r.ReadFixed64()));
        Add(WireKind.Varint, (w, v) => w.WriteVarint((ulong)v.DayNumber), r => DateOnly.FromDayNumber(checked((int)r.ReadVarint())));
        Add(WireKind.Varint, (w, v) => w.WriteVarint((ulong)v.Ticks), r => new TimeOnly(checked((long)r.ReadVarint())));
        Add(WireKind.Block, (w, v) => { w.WriteSigned(v.Ticks); w.WriteSigned(v.Offset.Ticks); }, r => new DateTimeOffset(r.ReadSigned(), new TimeSpan(r.ReadSigned())));
        Add(WireKind.Varint, (w, v) => w.WriteVarint((ulong)v.Value), r => new Rune(checked((uint)r.ReadVarint())));
        AddText(all, v => v.ToParsableString(), SiloAddress.FromParsableString);
        Add(WireKind.Block, (w, v) => w.WriteString(v.IsDefault ? null : v.ToString()), r => r.ReadString() is { } s ? IdSpan.Create(s) : default);
        Add(WireKind.Block, (w, v) => w.WriteString(v.IsDefault ? null : v.ToString()), r => r.ReadString() is { } s ? GrainType.Create(s) : default);
        Add(WireKind.Block, (w, v) => w.WriteString(v.IsDefault ? null : v.ToString()), r => r.ReadString() is { } s ? GrainInterfaceType.Create(s) : default);
        Add(WireKind.Block, (w, v) => w.WriteString(v.IsDefault ? null : v.ToString()), r => r.ReadString() is { } s ? GrainId.Parse(s) : default);
        AddText(all, v => v.ToString(), IPAddress.Parse);
        return all;
    }

    private static void AddRaw<T>(ConcurrentDictionary<Type, Codec> all) where T : unmanaged
        => all[typeof(T)] = new PrimitiveCodec<T>(
            WireKind.Block,
            (writer, value) => writer.WriteRaw(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value))),
            reader => MemoryMarshal.Read<T>(reader.ReadRaw(Unsafe.SizeOf<T>())));

    private static void AddText<T>(ConcurrentDictionary<Type, Codec> all, Func<T, string> write, Func<string, T> read) where T : class
        => all[typeof(T)] = new PrimitiveCodec<T?>(
            WireKind.Block,
            (writer, value) => writer.WriteString(value is null ? null : write(value)),
            reader => reader.ReadString() is { } text ? read(text) : null);
}

/// <summary>Enums, by their underlying number.</summary>
internal sealed class EnumCodec<T> : Codec<T> where T : struct, Enum
{
    private static readonly bool s_signed = Type.GetTypeCode(typeof(T)) is TypeCode.SByte or TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64;

    public override WireKind Kind => WireKind.Varint;

    public override bool Shareable => true;

    public override T Copy(T value, CopyContext context) => value;

    public override void Write(WireWriter writer, T value)
    {
        if (s_signed) writer.WriteSigned(ToInt64(value));
        else writer.WriteVarint((ulong)ToInt64(value));
    }

    public override T Read(WireReader reader)
    {
        var number = s_signed ? reader.ReadSigned() : (long)reader.ReadVarint();
        return Unsafe.SizeOf<T>() switch
        {
            1 => s_signed ? Cast(checked((sbyte)number)) : Cast(checked((byte)number)),
            2 => s_signed ? Cast(checked((short)number)) : Cast(checked((ushort)number)),
            4 => s_signed ? Cast(checked((int)number)) : Cast(checked((uint)number)),
            _ => Cast(number),
        };
    }

    private static T Cast<TNumber>(TNumber number) where TNumber : struct => Unsafe.As<TNumber, T>(ref number);

    private static long ToInt64(T value) => (Unsafe.SizeOf<T>(), s_signed) switch
    {
        (1, true) => Unsafe.As<T, sbyte>(ref value),
        (1, false) => Unsafe.As<T, byte>(ref value),
        (2, true) => Unsafe.As<T, short>(ref value),
        (2, false) => Unsafe.As<T, ushort>(ref value),
        (4, true) => Unsafe.As<T, int>(ref value),
        (4, false) => Unsafe.As<T, uint>(ref value),
        _ => Unsafe.As<T, long>(ref value),
    };
}
