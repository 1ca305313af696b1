using global::Orleans.Placement;
using global::Orleans.Runtime.MembershipService.SiloMetadata;
using global::Orleans.Runtime.Placement;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

[AttributeUsage(AttributeTargets.Class)]
public sealed class NodeFilterAttribute(int order = 0) : PlacementFilterAttribute(new NodeFilterStrategy(order));

public sealed class NodeFilterStrategy(int order) : PlacementFilterStrategy(order)
{
    public NodeFilterStrategy() : this(0) { }
}

public sealed class NodeFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        var node = target.GrainIdentity.Key.ToString().Split('/')[0];
        return silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.TryGetValue("node.name", out var name) && name == node);
    }
}

public interface IPinnedGrain : IGrainWithStringKey
{
    Task<string> Where();
}

[NodeFilter, RandomPlacement, Immovable]
public class PinnedGrain : Grain, IPinnedGrain
{
    public Task<string> Where() => Task.FromResult(this.GetPrimaryKeyString());
}

public sealed class PlacementTests
{
    private static Task<TestSilo> StartAsync() => TestSilo.StartAsync(builder =>
    {
        builder.UseSiloMetadata(new Dictionary<string, string> { ["node.name"] = "node-a" });
        builder.Services.AddPlacementFilter<NodeFilterStrategy, NodeFilterDirector>(ServiceLifetime.Transient);
    });

    [Fact]
    public async Task Filter_ThatKeepsTheSilo_Activates()
    {
        await using var silo = await StartAsync();
        Assert.Equal("node-a/gpu0", await silo.Grains.GetGrain<IPinnedGrain>("node-a/gpu0").Where());
    }

    [Fact]
    public async Task Filter_ThatLeavesNone_FailsAtOnce()
    {
        await using var silo = await StartAsync();
        var error = await Assert.ThrowsAsync<OrleansException>(() => silo.Grains.GetGrain<IPinnedGrain>("node-b/gpu0").Where().WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.StartsWith("No active nodes are compatible with grain", error.Message, StringComparison.Ordinal);
    }
}
