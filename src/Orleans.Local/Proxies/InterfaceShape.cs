using System.Collections.Concurrent;
using System.Reflection;

namespace AlpacaCot.LocalSilo.Proxies;

/// <summary>A grain interface: its name and methods, and the class of references to it.</summary>
internal sealed class InterfaceShape
{
    private static readonly ConcurrentDictionary<Type, InterfaceShape> s_all = new();
    private readonly Lazy<Func<GrainId, InterfaceShape, ICallSender, BoundReference>> _create;

    private InterfaceShape(Type type)
    {
        if (!type.IsInterface || !typeof(IAddressable).IsAssignableFrom(type)) throw new ArgumentException($"{type.Name} is no grain interface: it must be an interface that extends IGrainWithStringKey or the like");
        if (type.IsGenericType) throw new ArgumentException($"{type.Name}: generic grain interfaces are not supported by the local runtime");
        Type = type;
        Name = NameOf(type);
        InterfaceType = GrainInterfaceType.Create(Name);
        Version = type.GetCustomAttribute<Orleans.CodeGeneration.VersionAttribute>()?.Version ?? 0;
        // Base interfaces come along: a reference answers for all of them.
        Methods = [.. new[] { type }.Concat(type.GetInterfaces()).SelectMany(i => i.GetMethods(BindingFlags.Instance | BindingFlags.Public)).Where(m => m.IsAbstract).Select((m, i) => new MethodShape(this, m, i))];
        _create = new(() => ReferenceEmitter.Emit(this));
        foreach (var twins in Methods.GroupBy(m => m.WireName, StringComparer.Ordinal).Where(g => g.Count() > 1))
            throw new ArgumentException($"{type.Name} has {twins.Count()} methods that are sent as '{twins.Key}': give them different [Alias] names");
    }

    public Type Type { get; }

    public string Name { get; }

    public GrainInterfaceType InterfaceType { get; }

    public ushort Version { get; }

    public IReadOnlyList<MethodShape> Methods { get; }

    public static InterfaceShape Of(Type type) => s_all.TryGetValue(type, out var known) ? known : s_all.GetOrAdd(type, static t => new InterfaceShape(t));

    /// <summary>The interface of a name, or null where this process does not know it.</summary>
    public static InterfaceShape? ByName(string name) => GrainAssemblies.InterfaceOfName(name) is { } type ? Of(type) : null;

    public static string NameOf(Type type)
        => type.GetCustomAttribute<GrainInterfaceTypeAttribute>(inherit: false)?.Value
            ?? type.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias
            ?? type.FullName!;

    public BoundReference CreateReference(GrainId grainId, ICallSender sender) => _create.Value(grainId, this, sender);

    public MethodShape? Method(string wireName)
    {
        foreach (var method in Methods)
            if (method.WireName == wireName) return method;
        return null;
    }
}
