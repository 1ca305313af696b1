using System.Globalization;
using AlpacaCot.Experiments;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The shards of a sweep's record: one stored state each, so that a change writes a few kilobytes however large the sweep is.</summary>
internal sealed class SweepShards(GrainId grain, IServiceProvider services)
{
    private readonly IGrainStorage _storage = services.GetRequiredKeyedService<IGrainStorage>(GrainStorage.Name);
    private readonly Dictionary<int, GrainState<SweepShard>> _states = [];

    /// <summary>Reads the shards 0 … count − 1.</summary>
    public async Task<IReadOnlyList<SweepShard>> ReadAsync(int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(index =>
        {
            _states[index] = new GrainState<SweepShard>();
            return _storage.ReadStateAsync(NameOf(index), grain, _states[index]);
        }));
        return [.. Enumerable.Range(0, count).Where(index => _states[index].RecordExists).Select(index => _states[index].State!)];
    }

    /// <summary>Writes shards; the storage commits writes of a moment together.</summary>
    public Task WriteAsync(IEnumerable<SweepShard> shards) => Task.WhenAll(shards.Select(shard =>
    {
        if (!_states.TryGetValue(shard.Index, out var state)) _states[shard.Index] = state = new GrainState<SweepShard>();
        state.State = shard;
        return _storage.WriteStateAsync(NameOf(shard.Index), grain, state);
    }));

    private static string NameOf(int index) => string.Create(CultureInfo.InvariantCulture, $"shard-{index}");
}
