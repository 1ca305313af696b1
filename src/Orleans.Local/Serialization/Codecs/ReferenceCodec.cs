using AlpacaCot.LocalSilo.Proxies;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>Where references come from: the runtime that a message was received by.</summary>
internal interface IReferenceSource
{
    object CreateReference(GrainId grainId, InterfaceShape shape);
}

/// <summary>References to grains: the grain's identity and the interface's name.</summary>
internal sealed class ReferenceCodec<T> : Codec<T?> where T : class
{
    public override bool Shareable => false;

    public override T? Copy(T? value, CopyContext context) => value is null or GrainReference ? value : throw NotAReference(value);

    public override void Write(WireWriter writer, T? value)
    {
        if (value is null)
        {
            writer.WriteString(null);
            return;
        }
        var reference = value as GrainReference ?? throw NotAReference(value);
        writer.WriteString(reference.GrainId.ToString());
        writer.WriteString(reference.InterfaceName);
    }

    public override T? Read(WireReader reader)
    {
        if (reader.ReadString() is not { } text) return null;
        var name = reader.ReadString() ?? "";
        var grainId = GrainId.Parse(text);
        var shape = typeof(T).IsInterface && typeof(T) != typeof(IAddressable) ? InterfaceShape.Of(typeof(T)) : null;
        if (shape is null || shape.Name != name) shape = InterfaceShape.ByName(name) ?? shape;
        if (shape is null) throw new SerializerException($"the grain interface '{name}' of a reference to {grainId} is unknown here");
        var reference = reader.References.CreateReference(grainId, shape);
        return reference as T ?? (T)((BoundReference)reference).CastTo(typeof(T));
    }

    private static SerializerException NotAReference(object value)
        => new($"{value.GetType().Name} is a grain, not a reference to one: pass this.AsReference<{typeof(T).Name}>()");
}
