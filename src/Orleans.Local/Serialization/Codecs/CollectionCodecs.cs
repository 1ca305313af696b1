using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AlpacaCot.LocalSilo.Serialization;

internal sealed class NullableCodec<T> : Codec<T?> where T : struct
{
    private readonly Codec<T> _inner = CodecOf<T>.Instance;

    public override bool Shareable => _inner.Shareable;

    public override T? Copy(T? value, CopyContext context) => value is { } some ? _inner.Copy(some, context) : null;

    public override void Write(WireWriter writer, T? value)
    {
        writer.WriteByte(value.HasValue ? (byte)1 : (byte)0);
        if (value is { } some) _inner.Write(writer, some);
    }

    public override T? Read(WireReader reader) => reader.ReadByte() == 0 ? null : _inner.Read(reader);
}

/// <summary>Arrays of numbers: their bytes as they lie in memory.</summary>
internal sealed class BlittableArrayCodec<T> : Codec<T[]?> where T : unmanaged
{
    public override bool Shareable => false;

    public override T[]? Copy(T[]? value, CopyContext context) => value?.AsSpan().ToArray();

    public override void Write(WireWriter writer, T[]? value)
    {
        writer.WriteVarint(value is null ? 0 : (ulong)value.Length + 1);
        writer.WriteRaw(MemoryMarshal.AsBytes(value.AsSpan()));
    }

    public override T[]? Read(WireReader reader)
    {
        var count = reader.ReadCount(Unsafe.SizeOf<T>());
        return count < 0 ? null : MemoryMarshal.Cast<byte, T>(reader.ReadRaw(count * Unsafe.SizeOf<T>())).ToArray();
    }
}

/// <summary>A collection written as its count and its elements.</summary>
internal abstract class SequenceCodec<TCollection, T> : Codec<TCollection?> where TCollection : class
{
    private Codec<T>? _element;

    // Looked up at the first use, since a type may hold a collection of itself.
    protected Codec<T> Element => _element ??= CodecOf<T>.Instance;

    public override bool Shareable => false;

    protected abstract int Count(TCollection value);

    protected abstract IEnumerable<T> Items(TCollection value);

    /// <summary>A collection like another (same comparer), or with null a new one.</summary>
    protected abstract TCollection Build(IReadOnlyList<T> items, TCollection? like);

    public override TCollection? Copy(TCollection? value, CopyContext context)
    {
        if (value is null || Shareable) return value;
        context.Enter(typeof(TCollection));
        var items = new T[Count(value)];
        var at = 0;
        foreach (var item in Items(value)) items[at++] = Element.Copy(item, context);
        context.Leave();
        return Build(items, value);
    }

    public override void Write(WireWriter writer, TCollection? value)
    {
        if (value is null)
        {
            writer.WriteVarint(0);
            return;
        }
        Nesting.Enter(writer, typeof(TCollection));
        writer.WriteVarint((ulong)Count(value) + 1);
        foreach (var item in Items(value)) Element.Write(writer, item);
        writer.Depth--;
    }

    public override TCollection? Read(WireReader reader)
    {
        var count = reader.ReadCount();
        if (count < 0) return null;
        Nesting.Enter(reader);
        var items = new T[count];
        for (var i = 0; i < count; i++) items[i] = Element.Read(reader);
        reader.Depth--;
        return Build(items, null);
    }
}

internal static class Nesting
{
    public static void Enter(WireWriter writer, Type type)
    {
        if (++writer.Depth > WireWriter.MaxDepth) throw new SerializerException($"{TypeNames.Readable(type)} nests deeper than {WireWriter.MaxDepth} levels: a cycle cannot be sent");
    }

    public static void Enter(WireReader reader)
    {
        if (++reader.Depth > WireWriter.MaxDepth) throw new SerializerException($"a message nests deeper than {WireWriter.MaxDepth} levels");
    }
}

internal sealed class ArrayCodec<T> : SequenceCodec<T[], T>
{
    protected override int Count(T[] value) => value.Length;

    protected override IEnumerable<T> Items(T[] value) => value;

    protected override T[] Build(IReadOnlyList<T> items, T[]? like) => (T[])items;
}

internal sealed class ListCodec<T> : SequenceCodec<List<T>, T>
{
    protected override int Count(List<T> value) => value.Count;

    protected override IEnumerable<T> Items(List<T> value) => value;

    protected override List<T> Build(IReadOnlyList<T> items, List<T>? like) => [.. items];
}

internal sealed class HashSetCodec<T> : SequenceCodec<HashSet<T>, T>
{
    protected override int Count(HashSet<T> value) => value.Count;

    protected override IEnumerable<T> Items(HashSet<T> value) => value;

    protected override HashSet<T> Build(IReadOnlyList<T> items, HashSet<T>? like) => new(items, like?.Comparer);
}

internal sealed class QueueCodec<T> : SequenceCodec<Queue<T>, T>
{
    protected override int Count(Queue<T> value) => value.Count;

    protected override IEnumerable<T> Items(Queue<T> value) => value;

    protected override Queue<T> Build(IReadOnlyList<T> items, Queue<T>? like) => new(items);
}

internal sealed class DictionaryCodec<TKey, TValue> : SequenceCodec<Dictionary<TKey, TValue>, KeyValuePair<TKey, TValue>> where TKey : notnull
{
    protected override int Count(Dictionary<TKey, TValue> value) => value.Count;

    protected override IEnumerable<KeyValuePair<TKey, TValue>> Items(Dictionary<TKey, TValue> value) => value;

    protected override Dictionary<TKey, TValue> Build(IReadOnlyList<KeyValuePair<TKey, TValue>> items, Dictionary<TKey, TValue>? like) => new(items, like?.Comparer);
}

internal sealed class SortedDictionaryCodec<TKey, TValue> : SequenceCodec<SortedDictionary<TKey, TValue>, KeyValuePair<TKey, TValue>> where TKey : notnull
{
    protected override int Count(SortedDictionary<TKey, TValue> value) => value.Count;

    protected override IEnumerable<KeyValuePair<TKey, TValue>> Items(SortedDictionary<TKey, TValue> value) => value;

    protected override SortedDictionary<TKey, TValue> Build(IReadOnlyList<KeyValuePair<TKey, TValue>> items, SortedDictionary<TKey, TValue>? like)
    {
        var built = new SortedDictionary<TKey, TValue>(like?.Comparer);
        foreach (var (key, value) in items) built.Add(key, value);
        return built;
    }
}
