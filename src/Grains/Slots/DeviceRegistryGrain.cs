using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Serving;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Slots;

/// <summary>What the registry remembers: the nodes, their slots, and who uses each.</summary>
internal sealed class DeviceRegistryState
{
    public Dictionary<string, NodeSlots> Nodes { get; set; } = [];
}

/// <summary>A node as it registered last.</summary>
internal sealed class NodeSlots
{
    public long Epoch { get; set; }

    /// <summary>Slot to user; null is free.</summary>
    public Dictionary<string, string?> Users { get; set; } = [];
}

/// <summary>
/// Knows all slots and who uses them. Users are stored; who lives is not: a node that has not been heard of since this activation began has no free slots, and one that is silent for long is forgotten.
/// A slot granted twice in a split is settled by the slot's fence.
/// </summary>
[GrainType("device-registry"), KeepAlive]
internal sealed partial class DeviceRegistryGrain(
    [PersistentState("slots", GrainStorage.Name)] IPersistentState<DeviceRegistryState> state, SlotOptions options, IClusterMembershipService members, TimeProvider time, ILogger<DeviceRegistryGrain> logger) : Grain, IDeviceRegistryGrain
{
    private readonly Dictionary<string, long> _heard = new(StringComparer.Ordinal);
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private long _began, _looked;

    private IEnumerable<(string Node, string Slot, string? User)> Slots
        => state.State.Nodes.SelectMany(node => node.Value.Users.Select(pair => (node.Key, pair.Key, pair.Value))).OrderBy(slot => slot.Item2, StringComparer.Ordinal);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _began = _looked = time.GetTimestamp();
        this.RegisterGrainTimer(ForgetSilentNodesAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = options.Heartbeat });
        return Task.CompletedTask;
    }

    public async Task<long> RegisterAsync(string node, long epoch, string[] slots)
    {
        var known = state.State.Nodes.GetValueOrDefault(node);
        if (known?.Epoch > epoch) return known.Epoch;
        var fresh = !_heard.ContainsKey(node);
        _heard[node] = time.GetTimestamp();
        if (known?.Epoch == epoch && known.Users.Keys.ToHashSet().SetEquals(slots))
        {
            if (fresh) await TellWaitingAsync();
            return epoch;
        }
        // The workers of an older epoch ended with it.
        var users = slots.ToDictionary(slot => slot, slot => known?.Epoch == epoch ? known.Users.GetValueOrDefault(slot) : null, StringComparer.Ordinal);
        var lost = LostBy(known, users);
        if (slots.Length == 0) state.State.Nodes.Remove(node);
        else state.State.Nodes[node] = new NodeSlots { Epoch = epoch, Users = users };
        await state.SaveAsync(this);
        await TellAsync(lost);
        await TellWaitingAsync();
        return epoch;
    }

    public async Task<string[]> ReserveAsync(string user, int count)
    {
        var held = Slots.Where(slot => slot.User == user).Select(slot => slot.Slot).ToList();
        var free = Slots.Where(slot => slot.User is null && _heard.ContainsKey(slot.Node)).Take(Math.Max(0, count - held.Count)).ToList();
        foreach (var (node, slot, _) in free) state.State.Nodes[node].Users[slot] = user;
        // A model server that finds no slot says so to its caller; only sweeps wait.
        if (held.Count + free.Count < count && !ModelServers.IsServer(user)) _waiting.Add(user);
        else _waiting.Remove(user);
        if (free.Count > 0) await state.SaveAsync(this);
        return [.. held, .. free.Select(slot => slot.Slot)];
    }

    public async Task ReleaseAsync(string user, string[] slots)
    {
        var changed = false;
        foreach (var (node, slot, _) in Slots.Where(slot => slot.User == user && slots.Contains(slot.Slot)).ToList())
        {
            state.State.Nodes[node].Users[slot] = null;
            changed = true;
        }
        if (!changed) return;
        await state.SaveAsync(this);
        await TellWaitingAsync();
    }

    public Task<SlotStatus[]> ListAsync() => Task.FromResult(Slots.Select(slot => new SlotStatus(slot.Slot, slot.User)).ToArray());

    private static string[] LostBy(NodeSlots? before, Dictionary<string, string?> after)
        => before is null ? [] : [.. before.Users.Where(pair => pair.Value is not null && after.GetValueOrDefault(pair.Key) != pair.Value).Select(pair => pair.Value!).Distinct()];

    private async Task ForgetSilentNodesAsync(CancellationToken cancellationToken)
    {
        var since = time.GetElapsedTime(_looked);
        _looked = time.GetTimestamp();
        if (since >= options.NodeExpiry)
        {
            // This process stood still itself, and could hear nobody: silence counts from now on.
            _began = _looked;
            foreach (var node in _heard.Keys.ToList()) _heard[node] = _looked;
        }
        foreach (var (node, slots) in state.State.Nodes.ToList())
        {
            if (!IsDead(node) && time.GetElapsedTime(_heard.TryGetValue(node, out var heard) ? heard : _began) < options.NodeExpiry) continue;
            LogForgotten(node);
            state.State.Nodes.Remove(node);
            _heard.Remove(node);
            await state.SaveAsync(this);
            await TellAsync(LostBy(slots, []));
        }
    }

    /// <summary>Whether the cluster knows that the node's silo has died, and of no successor.</summary>
    private bool IsDead(string node)
    {
        var silos = members.CurrentSnapshot.Members.Values.Where(silo => silo.Name == node).ToList();
        return silos.Count > 0 && silos.All(silo => silo.Status == SiloStatus.Dead);
    }

    private Task TellWaitingAsync()
    {
        if (!Slots.Any(slot => slot.User is null && _heard.ContainsKey(slot.Node))) return Task.CompletedTask;
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        return TellAsync(waiting);
    }

    private async Task TellAsync(IEnumerable<string> users)
    {
        foreach (var sweep in users.Where(user => !ModelServers.IsServer(user))) await GrainFactory.GetGrain<ISweepGrain>(sweep).SlotsChangedAsync();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "node {Node} is silent; its slots are forgotten until it is heard of again")]
    private partial void LogForgotten(string node);
}
