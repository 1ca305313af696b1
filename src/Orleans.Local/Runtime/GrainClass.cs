using System.Collections.Concurrent;
using System.Reflection;
using AlpacaCot.LocalSilo.Proxies;
using Orleans.Placement;
using Orleans.Serialization.Invocation;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>A grain class: what its attributes say and how it is constructed.</summary>
internal sealed class GrainClass
{
    private readonly ConcurrentDictionary<MethodInfo, MethodInfo> _implementations = new();
    private readonly Func<Activation, object> _construct;

    public GrainClass(Type type)
    {
        Type = type;
        GrainType = GrainType.Create(NameOf(type));
        Interfaces = [.. type.GetInterfaces().Where(i => typeof(IAddressable).IsAssignableFrom(i) && i.Assembly != typeof(IAddressable).Assembly || i == typeof(IRemindable) || i == typeof(IManagementGrain)).Select(InterfaceShape.Of)];
        if (Interfaces.Count == 0) throw new OrleansConfigurationException($"{type} implements no grain interface");
        PrimaryInterface = Interfaces.FirstOrDefault(s => Interfaces.All(o => o == s || !s.Type.IsAssignableFrom(o.Type))) ?? Interfaces[0];
        Reentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        MayInterleave = type.GetCustomAttribute<MayInterleaveAttribute>() is { } may ? Predicate(type, may.CallbackMethodName) : null;
        var limit = type.GetCustomAttribute<CollectionAgeLimitAttribute>();
        CollectionAge = type.IsDefined(typeof(KeepAliveAttribute), inherit: true) ? Timeout.InfiniteTimeSpan : limit?.AgeLimit;
        Filters = [.. type.GetCustomAttributes<PlacementFilterAttribute>().Select(a => a.PlacementFilterStrategy).OrderBy(f => f.Order)];
        if (Filters.GroupBy(f => f.Order).FirstOrDefault(g => g.Count() > 1) is { } twins)
            throw new InvalidOperationException($"{type} has {twins.Count()} placement filters of order {twins.Key}: give each its own order");
        for (var at = type.BaseType; at is not null && StateType is null; at = at.BaseType)
            if (at.IsGenericType && at.GetGenericTypeDefinition() == typeof(Grain<>)) StateType = at.GetGenericArguments()[0];
        _construct = GrainConstructor.For(type);
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public IReadOnlyList<InterfaceShape> Interfaces { get; }

    /// <summary>The most derived interface.</summary>
    public InterfaceShape PrimaryInterface { get; }

    public bool Reentrant { get; }

    public Func<object?, IInvokable, bool>? MayInterleave { get; }

    /// <summary>How long an activation stays idle; infinite for ever, null for the silo's default.</summary>
    public TimeSpan? CollectionAge { get; }

    public IReadOnlyList<PlacementFilterStrategy> Filters { get; }

    /// <summary>The state of a <see cref="Grain{TGrainState}"/>, or null.</summary>
    public Type? StateType { get; }

    public static string NameOf(Type type)
    {
        if (type.GetCustomAttribute<GrainTypeAttribute>() is { } named) return named.GrainType;
        var name = type.Name.ToLowerInvariant();
        return name.EndsWith("grain", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : name;
    }

    public object Construct(Activation activation) => _construct(activation);

    /// <summary>The class's method for an interface's method.</summary>
    public MethodInfo Implementation(MethodInfo method) => _implementations.GetOrAdd(method, m =>
    {
        var map = Type.GetInterfaceMap(m.DeclaringType!);
        return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, m)];
    });

    private static Func<object?, IInvokable, bool> Predicate(Type type, string name)
    {
        var method = type.GetMethod(name, BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(IInvokable)])
            ?? throw new OrleansConfigurationException($"{type}: [MayInterleave] names {name}, but there is no method bool {name}(IInvokable)");
        return (grain, request) => (bool)method.Invoke(method.IsStatic ? null : grain, [request])!;
    }
}
