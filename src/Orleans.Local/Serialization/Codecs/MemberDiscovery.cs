using System.Reflection;
using System.Runtime.CompilerServices;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>A member that is copied and sent. Its key is twice its id, plus one where the id is only its position.</summary>
internal sealed record SerializedMember(MemberInfo Member, Type Type, ulong Key, bool Immutable);

/// <summary>Finds the members of one class or struct, without its base classes.</summary>
internal static class MemberDiscovery
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<SerializedMember> Of(Type type)
    {
        if (IsTuple(type)) return [.. type.GetFields(Own).Select((f, i) => new SerializedMember(f, f.FieldType, Positional(i), false))];
        if (type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false) is not { } declared) return [];
        var members = Numbered(type).ToList();
        if (declared.IncludePrimaryConstructorParameters || IsRecord(type)) members.AddRange(ConstructorParameters(type, members));
        if (declared.GenerateFieldIds == GenerateFieldIds.PublicProperties) members.AddRange(PublicProperties(type, members));
        members.Sort((a, b) => a.Key.CompareTo(b.Key));
        for (var i = 1; i < members.Count; i++)
            if (members[i].Key == members[i - 1].Key)
                throw new SerializerException($"{TypeNames.Readable(type)}: {members[i - 1].Member.Name} and {members[i].Member.Name} have the same [Id]");
        return members;
    }

    private static IEnumerable<SerializedMember> Numbered(Type type)
    {
        foreach (var field in type.GetFields(Own))
            if (field.GetCustomAttribute<IdAttribute>() is { } id) yield return new SerializedMember(field, field.FieldType, id.Id * 2UL, IsImmutable(field));
        foreach (var property in type.GetProperties(Own))
            if (property.GetCustomAttribute<IdAttribute>() is { } id) yield return new SerializedMember(property, property.PropertyType, id.Id * 2UL, IsImmutable(property));
    }

    private static IEnumerable<SerializedMember> ConstructorParameters(Type type, List<SerializedMember> known)
    {
        var properties = type.GetProperties(Own).Where(p => p.GetMethod is not null && p.GetIndexParameters().Length == 0).ToDictionary(p => p.Name, StringComparer.Ordinal);
        var parameters = type.GetConstructors(Own)
            .Select(c => c.GetParameters())
            .Where(ps => ps.Length > 0 && ps.All(p => properties.TryGetValue(p.Name!, out var property) && property.PropertyType == p.ParameterType))
            .MaxBy(ps => ps.Length) ?? [];
        foreach (var parameter in parameters)
        {
            var property = properties[parameter.Name!];
            if (known.All(m => m.Member != property)) yield return new SerializedMember(property, property.PropertyType, Positional(parameter.Position), IsImmutable(property));
        }
    }

    private static IEnumerable<SerializedMember> PublicProperties(Type type, List<SerializedMember> known)
        => type.GetProperties(Own)
            .Where(p => p.GetMethod is { IsPublic: true } && p.SetMethod is not null && p.GetIndexParameters().Length == 0)
            .Select((p, i) => new SerializedMember(p, p.PropertyType, Positional(i), IsImmutable(p)))
            .Where(m => known.All(k => k.Member != m.Member)).ToList();

    private static ulong Positional(int index) => (ulong)index * 2 + 1;

    private static bool IsImmutable(MemberInfo member) => member.IsDefined(typeof(ImmutableAttribute), inherit: false);

    private static bool IsTuple(Type type)
        => typeof(ITuple).IsAssignableFrom(type) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>));

    // The compiler gives record classes a clone method and record structs a PrintMembers method.
    private static bool IsRecord(Type type)
        => type.GetMethod("<Clone>$", Own) is not null
            || (type.IsValueType && type.GetMethod("PrintMembers", Own) is { } print && print.IsDefined(typeof(CompilerGeneratedAttribute)));
}
