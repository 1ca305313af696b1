using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace AlpacaCot.LocalSilo.Serialization;

internal sealed class ImmutableArrayCodec<T> : Codec<ImmutableArray<T>>
{
    private Codec<T[]?>? _array;

    private Codec<T[]?> Array => _array ??= CodecOf<T[]?>.Instance;

    public override bool Shareable => CodecOf<T>.Instance.Shareable;

    public override ImmutableArray<T> Copy(ImmutableArray<T> value, CopyContext context)
        => Shareable ? value : ImmutableCollectionsMarshal.AsImmutableArray(Array.Copy(ImmutableCollectionsMarshal.AsArray(value), context));

    public override void Write(WireWriter writer, ImmutableArray<T> value) => Array.Write(writer, ImmutableCollectionsMarshal.AsArray(value));

    public override ImmutableArray<T> Read(WireReader reader) => ImmutableCollectionsMarshal.AsImmutableArray(Array.Read(reader));
}

internal sealed class ReadOnlyMemoryCodec<T> : Codec<ReadOnlyMemory<T>>
{
    private Codec<T[]?>? _array;

    private Codec<T[]?> Array => _array ??= CodecOf<T[]?>.Instance;

    public override bool Shareable => false;

    public override ReadOnlyMemory<T> Copy(ReadOnlyMemory<T> value, CopyContext context) => Array.Copy(value.ToArray(), context);

    public override void Write(WireWriter writer, ReadOnlyMemory<T> value) => Array.Write(writer, value.ToArray());

    public override ReadOnlyMemory<T> Read(WireReader reader) => Array.Read(reader);
}

internal sealed class ImmutableListCodec<T> : SequenceCodec<ImmutableList<T>, T>
{
    public override bool Shareable => Element.Shareable;

    protected override int Count(ImmutableList<T> value) => value.Count;

    protected override IEnumerable<T> Items(ImmutableList<T> value) => value;

    protected override ImmutableList<T> Build(IReadOnlyList<T> items, ImmutableList<T>? like) => [.. items];
}

internal sealed class ImmutableHashSetCodec<T> : SequenceCodec<ImmutableHashSet<T>, T>
{
    public override bool Shareable => Element.Shareable;

    protected override int Count(ImmutableHashSet<T> value) => value.Count;

    protected override IEnumerable<T> Items(ImmutableHashSet<T> value) => value;

    protected override ImmutableHashSet<T> Build(IReadOnlyList<T> items, ImmutableHashSet<T>? like) => items.ToImmutableHashSet(like?.KeyComparer);
}

internal sealed class ImmutableDictionaryCodec<TKey, TValue> : SequenceCodec<ImmutableDictionary<TKey, TValue>, KeyValuePair<TKey, TValue>> where TKey : notnull
{
    public override bool Shareable => CodecOf<TKey>.Instance.Shareable && CodecOf<TValue>.Instance.Shareable;

    protected override int Count(ImmutableDictionary<TKey, TValue> value) => value.Count;

    protected override IEnumerable<KeyValuePair<TKey, TValue>> Items(ImmutableDictionary<TKey, TValue> value) => value;

    protected override ImmutableDictionary<TKey, TValue> Build(IReadOnlyList<KeyValuePair<TKey, TValue>> items, ImmutableDictionary<TKey, TValue>? like)
        => items.ToImmutableDictionary(like?.KeyComparer);
}

internal sealed class ImmutableSortedDictionaryCodec<TKey, TValue> : SequenceCodec<ImmutableSortedDictionary<TKey, TValue>, KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    public override bool Shareable => CodecOf<TKey>.Instance.Shareable && CodecOf<TValue>.Instance.Shareable;

    protected override int Count(ImmutableSortedDictionary<TKey, TValue> value) => value.Count;

    protected override IEnumerable<KeyValuePair<TKey, TValue>> Items(ImmutableSortedDictionary<TKey, TValue> value) => value;

    protected override ImmutableSortedDictionary<TKey, TValue> Build(
        IReadOnlyList<KeyValuePair<TKey, TValue>> items, ImmutableSortedDictionary<TKey, TValue>? like) => items.ToImmutableSortedDictionary(like?.KeyComparer);
}
