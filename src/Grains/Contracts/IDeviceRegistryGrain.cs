using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>All slots there are, and who uses them: stored, so that it outlives every silo. Which nodes live, they say again and again. Key: <c>default</c>.</summary>
[Alias("alpaca.IDeviceRegistryGrain"), Version(1)]
public interface IDeviceRegistryGrain : IGrainWithStringKey
{
    /// <summary>
    /// A node tells its slots; said again, it is its heartbeat. A newer epoch of the same node replaces the older, whose slots are free then; a node without slots is forgotten.
    /// The epoch that counts: another than the caller's is newer, and nothing was taken.
    /// </summary>
    [Alias("Register")]
    Task<long> RegisterAsync(string node, long epoch, string[] slots);

    /// <summary>All slots of a user, after free ones were added until there are <paramref name="count"/>. A sweep that gets fewer is told when slots become free.</summary>
    [Alias("Reserve")]
    Task<string[]> ReserveAsync(string user, int count);

    /// <summary>Gives slots back.</summary>
    [Alias("Release")]
    Task ReleaseAsync(string user, string[] slots);

    /// <summary>All slots with their users.</summary>
    [Alias("List"), AlwaysInterleave, Idempotent]
    Task<SlotStatus[]> ListAsync();
}

/// <summary>A slot and who uses it.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SlotStatus.v1")]
public sealed record SlotStatus([property: Id(0)] string Slot, [property: Id(1)] string? User);
