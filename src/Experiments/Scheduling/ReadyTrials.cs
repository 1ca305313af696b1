namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Trials that are trained and wait to be evaluated, by base and by part of the record: one evaluation is stored in one part with its trials.</summary>
internal sealed class ReadyTrials
{
    private readonly SortedDictionary<string, SortedDictionary<int, SortedSet<int>>> _trials = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<int>> _atOnce = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => _trials.Values.Sum(shards => shards.Values.Sum(trials => trials.Count));

    /// <summary>Whether trials of a base should not wait until there are more of them: there are many, or one took long to train.</summary>
    public bool IsDue(string model, int many) => _atOnce.ContainsKey(model) || _trials.TryGetValue(model, out var shards) && shards.Values.Sum(trials => trials.Count) >= many;

    public void Add(string model, int shard, int trial, bool atOnce)
    {
        if (atOnce)
        {
            if (!_atOnce.TryGetValue(model, out var due)) _atOnce[model] = due = [];
            due.Add(trial);
        }
        if (!_trials.TryGetValue(model, out var shards)) _trials[model] = shards = [];
        if (!shards.TryGetValue(shard, out var trials)) shards[shard] = trials = [];
        trials.Add(trial);
    }

    public void Remove(string model, int shard, int trial)
    {
        if (_atOnce.TryGetValue(model, out var due) && due.Remove(trial) && due.Count == 0) _atOnce.Remove(model);
        if (!_trials.TryGetValue(model, out var shards) || !shards.TryGetValue(shard, out var trials) || !trials.Remove(trial) || trials.Count > 0) return;
        shards.Remove(shard);
        if (shards.Count == 0) _trials.Remove(model);
    }

    /// <summary>Trials for one evaluation, taken out: an even share among the slots that may take some, and at most a given number.</summary>
    public (string Model, int Shard, IReadOnlyList<int> Trials)? Dequeue(string? model, int slots, int most)
    {
        if (_trials.Count == 0) return null;
        var name = model ?? _trials.Keys.First();
        if (!_trials.TryGetValue(name, out var shards)) return null;
        var (shard, waiting) = shards.First();
        var share = Math.Clamp((waiting.Count + slots - 1) / Math.Max(1, slots), 1, most);
        var taken = waiting.Take(share).ToList();
        foreach (var trial in taken) Remove(name, shard, trial);
        return (name, shard, taken);
    }
}
