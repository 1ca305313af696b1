using System.Reflection;
using AlpacaCot.LocalSilo.Proxies;
using Orleans.Metadata;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>The grain classes of a silo, by their type and by the interfaces that they implement.</summary>
internal sealed class GrainClasses
{
    private readonly Dictionary<GrainType, GrainClass> _byType = [];
    private readonly Dictionary<string, GrainType> _byInterface;

    public GrainClasses(IOptions<GrainTypeOptions> options)
    {
        foreach (var type in options.Value.Classes)
        {
            var grain = new GrainClass(type);
            if (!_byType.TryAdd(grain.GrainType, grain))
                throw new OrleansConfigurationException($"{type} and {_byType[grain.GrainType].Type} have the same grain type '{grain.GrainType}': give one a [GrainType]");
        }
        _byInterface = _byType.Values.SelectMany(c => c.Interfaces.Select(i => (Interface: i, Class: c)))
            .GroupBy(pair => pair.Interface)
            .Select(g => (g.Key, Class: Choose(g.Key, [.. g.Select(pair => pair.Class)])))
            .Where(pair => pair.Class is not null)
            .ToDictionary(pair => pair.Key.Name, pair => pair.Class!.GrainType, StringComparer.Ordinal);
    }

    public int Count => _byType.Count;

    /// <summary>Which grain type an interface's references mean, by the interface's name.</summary>
    public IReadOnlyDictionary<string, GrainType> ByInterface => _byInterface;

    public GrainClass? Find(GrainType type) => _byType.GetValueOrDefault(type);

    /// <summary>The grain type that a new reference means.</summary>
    public GrainType Resolve(InterfaceShape shape, string? classPrefix)
    {
        if (classPrefix is not null)
        {
            var named = _byType.Values.Where(c => c.Interfaces.Contains(shape) && (c.Type.FullName ?? "").StartsWith(classPrefix, StringComparison.Ordinal)).ToArray();
            return named is [var one] ? one.GrainType : throw new ArgumentException($"{named.Length} grain classes that implement {shape.Type.Name} begin with '{classPrefix}': expected one");
        }
        if (_byInterface.TryGetValue(shape.Name, out var type)) return type;
        var several = _byType.Values.Where(c => c.Interfaces.Contains(shape)).Select(c => c.Type.Name).ToArray();
        throw new ArgumentException(several.Length == 0
            ? $"no grain class implements {shape.Type.Name}"
            : $"{string.Join(" and ", several)} implement {shape.Type.Name}: give the interface a [DefaultGrainType] or a class name prefix");
    }

    /// <summary>All grain classes in the assemblies that are written against this runtime.</summary>
    public static IEnumerable<Type> Discover()
        => GrainAssemblies.Find().SelectMany(GrainAssemblies.Types)
            .Where(t => t is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && typeof(IGrain).IsAssignableFrom(t) && typeof(IGrainBase).IsAssignableFrom(t));

    private static GrainClass? Choose(InterfaceShape shape, GrainClass[] classes)
    {
        if (classes is [var only]) return only;
        if (shape.Type.GetCustomAttribute<DefaultGrainTypeAttribute>() is { } chosen) return classes.FirstOrDefault(c => c.GrainType == GrainType.Create(chosen.GrainType));
        // IFoo means Foo or FooGrain where several classes implement it.
        var name = shape.Type.Name[1..];
        return classes.FirstOrDefault(c => c.Type.Name == name || c.Type.Name == name + "Grain");
    }
}
