using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace AlpacaCot.Grains.Slots;

/// <summary>Pins a trainer grain to the silo whose <c>node.name</c> is the first part of its key.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class SlotNodePlacementFilterAttribute(int order = 0) : PlacementFilterAttribute(new SlotNodePlacementFilterStrategy(order));

/// <summary>The strategy behind <see cref="SlotNodePlacementFilterAttribute"/>.</summary>
public sealed class SlotNodePlacementFilterStrategy(int order) : PlacementFilterStrategy(order)
{
    /// <summary>Creates the strategy with the default order.</summary>
    public SlotNodePlacementFilterStrategy() : this(0) { }
}

internal sealed class SlotNodePlacementFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
        => SlotKey.TryParse(target.GrainIdentity.Key.ToString(), out var slot)
            ? silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.TryGetValue(SlotPlacement.NodeName, out var node) && node == slot.Node)
            : [];
}

/// <summary>Registration of the slots' placement.</summary>
public static class SlotPlacement
{
    /// <summary>The silo metadata that carries a node's name.</summary>
    public const string NodeName = "node.name";

    /// <summary>Registers the placement filter; every silo needs it.</summary>
    public static IServiceCollection AddSlotPlacement(this IServiceCollection services)
        => services.AddPlacementFilter<SlotNodePlacementFilterStrategy, SlotNodePlacementFilterDirector>(ServiceLifetime.Transient);
}
