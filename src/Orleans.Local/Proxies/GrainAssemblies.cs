using System.Collections.Concurrent;
using System.Reflection;

namespace AlpacaCot.LocalSilo.Proxies;

/// <summary>The assemblies that are written against this runtime, and what they declare.</summary>
internal static class GrainAssemblies
{
    private static readonly string s_self = typeof(GrainAssemblies).Assembly.GetName().Name!;
    private static readonly ConcurrentDictionary<string, byte> s_walked = new(StringComparer.Ordinal);
    private static readonly Lock s_lock = new();
    private static readonly HashSet<Assembly> s_known = [typeof(GrainAssemblies).Assembly];
    private static readonly Dictionary<string, Type> s_aliases = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, Type> s_interfaces = new(StringComparer.Ordinal);

    /// <summary>All types of these assemblies, loading the assemblies that loaded ones refer to.</summary>
    public static IReadOnlyList<Assembly> Find()
    {
        lock (s_lock)
        {
            foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies()) Walk(assembly);
            return [.. s_known];
        }
    }

    public static Type? TypeOfAlias(string alias) => Lookup(s_aliases, alias);

    public static Type? InterfaceOfName(string name) => Lookup(s_interfaces, name);

    private static Type? Lookup(Dictionary<string, Type> map, string name)
    {
        lock (s_lock)
        {
            if (map.TryGetValue(name, out var type)) return type;
            Find();
            return map.GetValueOrDefault(name);
        }
    }

    private static void Walk(Assembly assembly)
    {
        if (assembly.IsDynamic || IsFramework(assembly.GetName().Name!) || !s_walked.TryAdd(assembly.FullName!, 0)) return;
        var references = assembly.GetReferencedAssemblies();
        if (assembly == typeof(GrainAssemblies).Assembly || references.Any(r => r.Name == s_self))
        {
            s_known.Add(assembly);
            Index(assembly);
        }
        foreach (var reference in references)
        {
            if (IsFramework(reference.Name!) || s_walked.ContainsKey(reference.FullName)) continue;
            try
            {
                Walk(Assembly.Load(reference));
            }
            catch (Exception e) when (e is FileNotFoundException or FileLoadException or BadImageFormatException)
            {
                // What was not deployed cannot hold grains that anyone calls.
                s_walked.TryAdd(reference.FullName, 0);
            }
        }
    }

    private static void Index(Assembly assembly)
    {
        foreach (var type in Types(assembly))
        {
            foreach (var alias in type.GetCustomAttributes<AliasAttribute>(inherit: false))
                if (!type.IsInterface && !s_aliases.TryAdd(alias.Alias, type) && s_aliases[alias.Alias] != type)
                    throw new OrleansConfigurationException($"{type} and {s_aliases[alias.Alias]} have the same alias '{alias.Alias}': aliases must be unique");
            if (type is { IsInterface: true, ContainsGenericParameters: false } && typeof(IAddressable).IsAssignableFrom(type)) s_interfaces.TryAdd(InterfaceShape.NameOf(type), type);
        }
    }

    /// <summary>The types of an assembly that can be loaded.</summary>
    public static IEnumerable<Type> Types(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return e.Types.OfType<Type>();
        }
    }

    private static bool IsFramework(string name)
        => name.StartsWith("System", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal)
            || name is "mscorlib" or "netstandard" || name.StartsWith("xunit", StringComparison.OrdinalIgnoreCase);
}
