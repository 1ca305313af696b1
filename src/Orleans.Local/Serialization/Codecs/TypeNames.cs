using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using AlpacaCot.LocalSilo.Proxies;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>Names of types in messages: the alias where there is one, else the full name with its assembly.</summary>
internal static class TypeNames
{
    private const int LongestName = 4096;
    private static readonly ConcurrentDictionary<Type, string> s_names = new();
    private static readonly ConcurrentDictionary<string, Type> s_types = new(StringComparer.Ordinal);

    public static string Of(Type type) => s_names.GetOrAdd(type, Name);

    /// <summary>The type of a name, or null where this process does not know it.</summary>
    public static Type? Resolve(string name)
    {
        if (s_types.TryGetValue(name, out var known)) return known;
        if (name.Length > LongestName) return null;
        // What is not found may be loaded later, and a sender must not fill the table.
        var found = Find(name);
        return found is null ? null : s_types.GetOrAdd(name, found);
    }

    /// <summary>A type as a C# reader would write it.</summary>
    public static string Readable(Type type)
    {
        if (type.IsArray) return Readable(type.GetElementType()!) + "[]";
        if (!type.IsGenericType) return type.FullName ?? type.Name;
        var text = new StringBuilder((type.GetGenericTypeDefinition().FullName ?? type.Name).Split('`')[0]);
        return text.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Readable)).Append('>').ToString();
    }

    private static string Name(Type type)
    {
        if (type.GetCustomAttribute<AliasAttribute>(inherit: false) is { } alias && !type.IsGenericType) return "@" + alias.Alias;
        if (type.IsArray) return Of(type.GetElementType()!) + "[]";
        if (!type.IsGenericType) return Qualified(type);
        var definition = type.GetGenericTypeDefinition();
        var head = definition.GetCustomAttribute<AliasAttribute>(inherit: false) is { } name ? "@" + name.Alias : Qualified(definition);
        return $"{head}<{string.Join(';', type.GetGenericArguments().Select(Of))}>";
    }

    private static string Qualified(Type type)
        => type.Assembly == typeof(object).Assembly ? type.FullName! : $"{type.FullName}, {type.Assembly.GetName().Name}";

    private static Type? Find(string name)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal)) return Resolve(name[..^2])?.MakeArrayType();
        if (name.EndsWith('>'))
        {
            var open = name.IndexOf('<', StringComparison.Ordinal);
            var definition = FindPlain(name[..open]);
            var arguments = SplitArguments(name.AsSpan(open + 1, name.Length - open - 2)).Select(Resolve).ToArray();
            return definition is null || arguments.Any(a => a is null) ? null : Construct(definition, arguments!);
        }
        return FindPlain(name);
    }

    // Only what is loaded is looked at: a message must not decide what is.
    private static Type? FindPlain(string name)
    {
        if (name.StartsWith('@')) return GrainAssemblies.TypeOfAlias(name[1..]);
        var comma = name.IndexOf(", ", StringComparison.Ordinal);
        if (comma < 0) return TypeIn(typeof(object).Assembly, name);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
            if (name.AsSpan(comma + 2).SequenceEqual(assembly.GetName().Name)) return TypeIn(assembly, name[..comma]);
        return null;
    }

    private static Type? TypeIn(Assembly assembly, string name)
    {
        try
        {
            return assembly.GetType(name, throwOnError: false);
        }
        catch (Exception e) when (e is ArgumentException or IOException or BadImageFormatException)
        {
            return null;
        }
    }

    private static Type? Construct(Type definition, Type[] arguments)
    {
        try
        {
            return definition.MakeGenericType(arguments);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or NotSupportedException)
        {
            return null;
        }
    }

    private static List<string> SplitArguments(ReadOnlySpan<char> text)
    {
        var parts = new List<string>();
        var depth = 0;
        var start = 0;
        for (var i = 0; i < text.Length; i++)
            switch (text[i])
            {
                case '<': depth++; break;
                case '>': depth--; break;
                case ';' when depth == 0:
                    parts.Add(text[start..i].ToString());
                    start = i + 1;
                    break;
            }
        parts.Add(text[start..].ToString());
        return parts;
    }
}
