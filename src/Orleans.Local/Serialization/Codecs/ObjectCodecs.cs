namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>Structs and tuples, member by member.</summary>
internal sealed class StructCodec<T> : Codec<T> where T : struct
{
    private readonly ObjectLayout<T> _layout = ObjectLayout<T>.Build();

    public override bool Shareable { get; } = typeof(T).IsDefined(typeof(ImmutableAttribute), inherit: false);

    public override T Copy(T value, CopyContext context)
    {
        if (Shareable) return value;
        context.Enter(typeof(T));
        // Members without an [Id] are not part of the value, in a copy as little as in a message.
        var copy = default(T);
        _layout.CopyMembers(ref value, ref copy, context);
        context.Leave();
        return copy;
    }

    public override void Write(WireWriter writer, T value)
    {
        Nesting.Enter(writer, typeof(T));
        _layout.WriteMembers(writer, ref value);
        writer.Depth--;
    }

    public override T Read(WireReader reader)
    {
        Nesting.Enter(reader);
        var value = default(T);
        _layout.ReadMembers(reader, ref value);
        reader.Depth--;
        return value;
    }
}

/// <summary>What stands before an object in a message.</summary>
internal static class ObjectMarker
{
    public const byte Null = 0;
    public const byte Same = 1;
    public const byte Other = 2;

    public static void WriteOther(WireWriter writer, object value)
    {
        var type = value.GetType();
        var codec = Codecs.Get(type);
        writer.WriteByte(Other);
        writer.WriteString(TypeNames.Of(type));
        codec.WriteBoxed(writer, value);
    }

    public static object? ReadOther(WireReader reader, Type expected)
    {
        var name = reader.ReadString() ?? "";
        var type = TypeNames.Resolve(name) ?? throw new SerializerException($"the type '{name}' in a message is unknown here");
        if (!expected.IsAssignableFrom(type)) throw new SerializerException($"a message holds a {TypeNames.Readable(type)} where a {TypeNames.Readable(expected)} belongs");
        return Codecs.Get(type).ReadBoxed(reader);
    }
}

/// <summary>Classes, member by member. A value of a derived class goes with its type's name.</summary>
internal sealed class ClassCodec<T> : Codec<T?> where T : class
{
    private readonly ObjectLayout<T> _layout = ObjectLayout<T>.Build();
    private readonly bool _immutable = typeof(T).IsDefined(typeof(ImmutableAttribute), inherit: false);

    // Only a sealed type speaks for all values: a derived class might be mutable.
    public override bool Shareable => _immutable && typeof(T).IsSealed;

    public override T? Copy(T? value, CopyContext context)
    {
        if (value is null) return null;
        if (value.GetType() != typeof(T)) return (T?)Codecs.Get(value.GetType()).CopyBoxed(value, context);
        if (_immutable) return value;
        context.Enter(typeof(T));
        var copy = _layout.Create();
        _layout.CopyMembers(ref value, ref copy, context);
        context.Leave();
        return copy;
    }

    public override void Write(WireWriter writer, T? value)
    {
        if (value is null)
        {
            writer.WriteByte(ObjectMarker.Null);
        }
        else if (value.GetType() != typeof(T))
        {
            ObjectMarker.WriteOther(writer, value);
        }
        else
        {
            Nesting.Enter(writer, typeof(T));
            writer.WriteByte(ObjectMarker.Same);
            _layout.WriteMembers(writer, ref value);
            writer.Depth--;
        }
    }

    public override T? Read(WireReader reader)
    {
        switch (reader.ReadByte())
        {
            case ObjectMarker.Null: return null;
            case ObjectMarker.Other: return (T?)ObjectMarker.ReadOther(reader, typeof(T));
        }
        Nesting.Enter(reader);
        var value = _layout.Create();
        _layout.ReadMembers(reader, ref value);
        reader.Depth--;
        return value;
    }
}

/// <summary>A declared type of which there are no direct values: <see cref="object"/>, abstract classes, interfaces.</summary>
internal sealed class DynamicCodec<T> : Codec<T?> where T : class
{
    public override bool Shareable => false;

    public override T? Copy(T? value, CopyContext context)
        => value is null || value.GetType() == typeof(object) ? value : (T?)Codecs.Get(value.GetType()).CopyBoxed(value, context);

    public override void Write(WireWriter writer, T? value)
    {
        if (value is null) writer.WriteByte(ObjectMarker.Null);
        else if (value is GrainReference reference) WriteReference(writer, reference);
        else ObjectMarker.WriteOther(writer, value);
    }

    public override T? Read(WireReader reader) => reader.ReadByte() switch
    {
        ObjectMarker.Null => null,
        ObjectMarker.Same => (T?)(object?)CodecOf<IAddressable>.Instance.Read(reader),
        _ => (T?)ObjectMarker.ReadOther(reader, typeof(T)),
    };

    // The class of a reference is made at run time and has no name that another process knows.
    private static void WriteReference(WireWriter writer, GrainReference reference)
    {
        writer.WriteByte(ObjectMarker.Same);
        CodecOf<IAddressable>.Instance.Write(writer, reference);
    }
}
