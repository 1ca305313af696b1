using System.Collections.Concurrent;
using System.Collections.Immutable;
using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Runtime;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace AlpacaCot.LocalSilo.Placement;

/// <summary>Asks the placement filters of a grain class whether this silo may host a grain.</summary>
internal sealed class PlacementFilters(Silo silo)
{
    private readonly ConcurrentDictionary<GrainClass, (PlacementFilterStrategy Strategy, IPlacementFilterDirector Director)[]> _filters = new();

    /// <exception cref="OrleansException">No silo remains.</exception>
    public void Check(GrainClass grain, Request request)
    {
        var target = new PlacementTarget(
            request.Target, request.Values?.Map.ToDictionary(StringComparer.Ordinal) ?? [], request.Method.Owner.InterfaceType, request.Method.Owner.Version);
        IEnumerable<SiloAddress> candidates = [silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress];
        foreach (var (strategy, director) in _filters.GetOrAdd(grain, Prepare)) candidates = director.Filter(strategy, target, candidates);
        if (!candidates.Any())
            throw new OrleansException($"No active nodes are compatible with grain {request.Target}: {string.Join(", ", grain.Filters.Select(f => f.GetType().Name))} left none");
    }

    private (PlacementFilterStrategy, IPlacementFilterDirector)[] Prepare(GrainClass grain)
    {
        var properties = ImmutableDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        foreach (var filter in grain.Filters)
            foreach (var (key, value) in filter.Properties(silo.Services, grain.Type, grain.GrainType, properties)) properties = properties.SetItem(key, value);
        var all = new GrainProperties(properties);
        foreach (var filter in grain.Filters) filter.AdditionalInitialize(all);
        return [.. grain.Filters.Select(f => (f, silo.Services.GetKeyedService<IPlacementFilterDirector>(f.GetType())
            ?? throw new OrleansConfigurationException($"{grain.Type.Name} has the placement filter {f.GetType().Name}, which has no director: call AddPlacementFilter")))];
    }
}
