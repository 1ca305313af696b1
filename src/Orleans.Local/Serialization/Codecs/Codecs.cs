using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>Finds or builds the codec of a type.</summary>
internal static class Codecs
{
    private static readonly ConcurrentDictionary<Type, Codec> s_known = PrimitiveCodecs.All();

    private static readonly Dictionary<Type, Type> s_generic = new()
    {
        [typeof(Nullable<>)] = typeof(NullableCodec<>),
        [typeof(List<>)] = typeof(ListCodec<>),
        [typeof(HashSet<>)] = typeof(HashSetCodec<>),
        [typeof(Queue<>)] = typeof(QueueCodec<>),
        [typeof(Dictionary<,>)] = typeof(DictionaryCodec<,>),
        [typeof(SortedDictionary<,>)] = typeof(SortedDictionaryCodec<,>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCodec<>),
        [typeof(ImmutableList<>)] = typeof(ImmutableListCodec<>),
        [typeof(ImmutableHashSet<>)] = typeof(ImmutableHashSetCodec<>),
        [typeof(ImmutableDictionary<,>)] = typeof(ImmutableDictionaryCodec<,>),
        [typeof(ImmutableSortedDictionary<,>)] = typeof(ImmutableSortedDictionaryCodec<,>),
        [typeof(ReadOnlyMemory<>)] = typeof(ReadOnlyMemoryCodec<>),
    };

    public static Codec Get(Type type) => s_known.TryGetValue(type, out var known) ? known : s_known.GetOrAdd(type, Create);

    private static Codec Create(Type type)
    {
        if (type.IsPointer || type.IsByRef || type.ContainsGenericParameters || type.IsByRefLike) throw Unknown(type);
        if (type.IsEnum) return Make(typeof(EnumCodec<>), type);
        if (type.IsArray) return CreateArray(type);
        if (typeof(Exception).IsAssignableFrom(type)) return Make(typeof(ExceptionCodec<>), type);
        if (typeof(GrainReference).IsAssignableFrom(type) || (type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)))
            return Make(typeof(ReferenceCodec<>), type);
        if (type.IsGenericType)
        {
            var definition = type.GetGenericTypeDefinition();
            if (s_generic.TryGetValue(definition, out var codec)) return Make(codec, type.GetGenericArguments());
            if (definition == typeof(KeyValuePair<,>) || typeof(ITuple).IsAssignableFrom(type)) return Objects(type);
        }
        if (type == typeof(object) || type.IsAbstract || type.IsInterface)
        {
            if (type != typeof(object) && !Declared(type)) throw Unknown(type);
            return Make(typeof(DynamicCodec<>), type);
        }
        if (!Declared(type)) throw Unknown(type);
        return Objects(type);
    }

    /// <summary>A type's author meant it to be sent.</summary>
    private static bool Declared(Type type) => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false);

    private static Codec Objects(Type type) => Make(type.IsValueType ? typeof(StructCodec<>) : typeof(ClassCodec<>), type);

    private static Codec CreateArray(Type type)
    {
        if (type.GetArrayRank() != 1) throw new CodecNotFoundException($"{TypeNames.Readable(type)} cannot be sent: use an array of one dimension");
        var element = type.GetElementType()!;
        return Make(PrimitiveCodecs.IsBlittable(element) ? typeof(BlittableArrayCodec<>) : typeof(ArrayCodec<>), element);
    }

    private static Codec Make(Type codec, params Type[] arguments)
    {
        try
        {
            return (Codec)Activator.CreateInstance(codec.MakeGenericType(arguments), nonPublic: true)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is { } cause)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    private static CodecNotFoundException Unknown(Type type)
        => new($"no codec is known for {TypeNames.Readable(type)}: {Advice(type)}");

    private static string Advice(Type type) => type.IsInterface
        ? "use List<T>, T[], ImmutableArray<T> or Dictionary<K,V> instead of an interface"
        : "mark it [GenerateSerializer] and its members [Id(n)]";
}
