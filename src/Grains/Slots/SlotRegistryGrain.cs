using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Slots;

/// <summary>
/// Knows all slots and who uses them. Nothing of it is stored: nodes register when they start, and sweeps reserve anew when they wake.
/// A slot granted twice in a split is settled by the slot's fence.
/// </summary>
[GrainType("slot-registry"), KeepAlive]
internal sealed class SlotRegistryGrain : Grain, ISlotRegistryGrain
{
    private readonly Dictionary<string, long> _epochs = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string?> _users = new(StringComparer.Ordinal);
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);

    public Task RegisterAsync(string node, long epoch, string[] slots)
    {
        if (_epochs.TryGetValue(node, out var known) && epoch < known) return Task.CompletedTask;
        if (epoch > known)
            foreach (var gone in _users.Keys.Where(slot => SlotKey.TryParse(slot, out var key) && key.Node == node).ToList()) _users.Remove(gone);
        _epochs[node] = epoch;
        foreach (var slot in slots) _users.TryAdd(slot, null);
        return TellWaitingAsync();
    }

    public Task<string[]> ReserveAsync(string sweep, int count)
    {
        var granted = _users.Where(pair => pair.Value is null).Select(pair => pair.Key).Take(count).ToArray();
        foreach (var slot in granted) _users[slot] = sweep;
        // A model server that finds no slot says so to its caller; only sweeps wait.
        if (granted.Length < count && !sweep.StartsWith("server:", StringComparison.Ordinal)) _waiting.Add(sweep);
        else _waiting.Remove(sweep);
        return Task.FromResult(granted);
    }

    public Task ReleaseAsync(string sweep, string[] slots)
    {
        foreach (var slot in slots)
            if (_users.TryGetValue(slot, out var user) && user == sweep)
                _users[slot] = null;
        return TellWaitingAsync();
    }

    public Task<SlotStatus[]> ListAsync() => Task.FromResult(_users.Select(pair => new SlotStatus(pair.Key, pair.Value)).ToArray());

    private async Task TellWaitingAsync()
    {
        if (_users.Values.All(user => user is not null)) return;
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        foreach (var sweep in waiting) await GrainFactory.GetGrain<ISweepGrain>(sweep).SlotsFreedAsync();
    }
}
