namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Work that waits for a slot, by base, lowest number first. Every operation takes logarithmic time.</summary>
internal sealed class WorkQueue<T> where T : WorkState
{
    private readonly SortedDictionary<string, SortedDictionary<int, T>> _ready = new(StringComparer.Ordinal);
    private readonly PriorityQueue<T, (DateTimeOffset, int)> _later = new();

    public void Add(T work)
    {
        if (work.NotBefore > DateTimeOffset.MinValue) _later.Enqueue(work, (work.NotBefore, work.Index));
        else AddReady(work);
    }

    public void Remove(T work)
    {
        if (_ready.TryGetValue(work.Model, out var same) && same.Remove(work.Index) && same.Count == 0) _ready.Remove(work.Model);
    }

    /// <summary>The next work for a slot, taken out of the queue; of one base where it is named, else the lowest number. Null where none is due.</summary>
    public T? Dequeue(string? model, DateTimeOffset now)
    {
        while (_later.TryPeek(out var work, out var due) && due.Item1 <= now)
        {
            _later.Dequeue();
            // It may have been cancelled, completed from the cache or put off again while it waited.
            if (work.Status == PackStatus.Pending && work.NotBefore <= now) AddReady(work);
        }
        if (_ready.Count == 0) return null;
        var from = model is null ? _ready.Values.MinBy(same => same.First().Key) : _ready.GetValueOrDefault(model);
        if (from is null) return null;
        var next = from.First().Value;
        Remove(next);
        return next;
    }

    private void AddReady(T work)
    {
        if (!_ready.TryGetValue(work.Model, out var same)) _ready[work.Model] = same = [];
        same[work.Index] = work;
    }
}
