namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>How deep a copy is; a graph deeper than <see cref="WireWriter.MaxDepth"/> is a cycle.</summary>
internal sealed class CopyContext
{
    private int _depth;

    public void Enter(Type type)
    {
        if (++_depth > WireWriter.MaxDepth) throw new SerializerException($"{type.Name} nests deeper than {WireWriter.MaxDepth} levels: a cycle cannot be sent");
    }

    public void Leave() => _depth--;
}

/// <summary>Copies, writes and reads the values of one type.</summary>
internal abstract class Codec
{
    public abstract Type Type { get; }

    /// <summary>How a member of this type lies in a message.</summary>
    public virtual WireKind Kind => WireKind.Block;

    /// <summary>Whether caller and callee may share a value, because nobody can change it or because its type promises so.</summary>
    public abstract bool Shareable { get; }

    public abstract object? CopyBoxed(object? value, CopyContext context);

    public abstract void WriteBoxed(WireWriter writer, object? value);

    public abstract object? ReadBoxed(WireReader reader);
}

/// <inheritdoc/>
internal abstract class Codec<T> : Codec
{
    public override Type Type => typeof(T);

    public abstract T Copy(T value, CopyContext context);

    public abstract void Write(WireWriter writer, T value);

    public abstract T Read(WireReader reader);

    public override object? CopyBoxed(object? value, CopyContext context) => Shareable ? value : Copy((T)value!, context);

    public override void WriteBoxed(WireWriter writer, object? value) => Write(writer, (T)value!);

    public override object? ReadBoxed(WireReader reader) => Read(reader);
}

/// <summary>The codec of a type, looked up once.</summary>
internal static class CodecOf<T>
{
    private static Codec<T>? s_instance;

    public static Codec<T> Instance => s_instance ??= (Codec<T>)Serialization.Codecs.Get(typeof(T));
}
