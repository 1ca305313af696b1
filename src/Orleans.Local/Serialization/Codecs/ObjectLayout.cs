using System.Reflection;
using System.Runtime.CompilerServices;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>
/// The members of a type that are copied and sent, from the base class down. Each level is written as its members, each with a header
/// that holds its id and how it lies in the message, and a zero. Members that a reader does not know are skipped; those that it misses keep their default.
/// </summary>
internal sealed class ObjectLayout<T>
{
    private readonly Func<T> _create;

    private ObjectLayout(MemberCodec<T>[][] levels)
    {
        Levels = levels;
        var constructor = typeof(T).IsValueType || typeof(T).IsAbstract ? null : typeof(T).GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []);
        if (typeof(T).IsValueType) _create = static () => default!;
        else if (constructor is null || typeof(Exception).IsAssignableFrom(typeof(T))) _create = static () => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
        else _create = static () => (T)Activator.CreateInstance(typeof(T), nonPublic: true)!;
    }

    public MemberCodec<T>[][] Levels { get; }

    public static ObjectLayout<T> Build()
    {
        var levels = new List<MemberCodec<T>[]>();
        for (var type = typeof(T); type is not null && type != typeof(object) && type != typeof(ValueType); type = type.BaseType)
        {
            var members = MemberDiscovery.Of(type).Select(m => MemberCodec<T>.Create(m)).ToArray();
            if (members.Length > 0) levels.Add(members);
        }
        levels.Reverse();
        return new ObjectLayout<T>([.. levels]);
    }

    public T Create() => _create();

    public void CopyMembers(ref T from, ref T to, CopyContext context)
    {
        foreach (var level in Levels)
            foreach (var member in level) member.Copy(ref from, ref to, context);
    }

    public void WriteMembers(WireWriter writer, ref T value)
    {
        foreach (var level in Levels)
        {
            foreach (var member in level) member.Write(writer, ref value);
            writer.WriteVarint(0);
        }
    }

    public void ReadMembers(WireReader reader, ref T value)
    {
        foreach (var level in Levels)
        {
            var expected = 0;
            for (ulong header; (header = reader.ReadVarint()) != 0;)
            {
                var key = (header - 1) >> 2;
                var kind = (WireKind)((header - 1) & 3);
                var member = Find(level, key, ref expected);
                if (member is null) reader.Skip(kind);
                else member.Read(reader, ref value, kind);
            }
        }
    }

    // Members come in the order in which they were written, which nearly always is this process's own.
    private static MemberCodec<T>? Find(MemberCodec<T>[] level, ulong key, ref int expected)
    {
        if (expected < level.Length && level[expected].Key == key) return level[expected++];
        for (var i = 0; i < level.Length; i++)
            if (level[i].Key == key)
            {
                expected = i + 1;
                return level[i];
            }
        return null;
    }
}
