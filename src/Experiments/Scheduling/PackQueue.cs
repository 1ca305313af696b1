namespace AlpacaCot.Experiments;

/// <summary>
/// Packs that wait for a slot: lowest number first, those of the base that the slot has loaded before others. Every operation takes logarithmic time.
/// </summary>
internal sealed class PackQueue
{
    private readonly SortedDictionary<string, SortedDictionary<int, PackState>> _ready = new(StringComparer.Ordinal);
    private readonly PriorityQueue<PackState, (DateTimeOffset, int)> _later = new();

    public void Add(PackState pack)
    {
        if (pack.NotBefore > DateTimeOffset.MinValue) _later.Enqueue(pack, (pack.NotBefore, pack.Index));
        else Ready(pack);
    }

    public void Remove(PackState pack)
    {
        if (_ready.TryGetValue(pack.Model, out var packs) && packs.Remove(pack.Index) && packs.Count == 0) _ready.Remove(pack.Model);
    }

    /// <summary>The next pack for a slot, taken out of the queue; null where none is due.</summary>
    public PackState? Take(string? loadedModel, DateTimeOffset now)
    {
        while (_later.TryPeek(out var pack, out var due) && due.Item1 <= now)
        {
            _later.Dequeue();
            // It may have been cancelled or completed from the cache while it waited.
            if (pack.Status == PackStatus.Pending) Ready(pack);
        }
        if (_ready.Count == 0) return null;
        var packs = loadedModel is not null && _ready.TryGetValue(loadedModel, out var same) ? same : _ready.Values.MinBy(p => p.First().Key)!;
        var next = packs.First().Value;
        Remove(next);
        return next;
    }

    private void Ready(PackState pack)
    {
        if (!_ready.TryGetValue(pack.Model, out var packs)) _ready[pack.Model] = packs = [];
        packs[pack.Index] = pack;
    }
}
