using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Storage;

namespace AlpacaCot.LocalSilo.Storage;

/// <summary>Keeps records as long as the process lives.</summary>
internal sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string, GrainId), Record> _records = new();
    private long _version;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = _records.GetValueOrDefault((stateName, grainId));
        grainState.State = record is null ? PersistentState<T>.NewState() : StateJson.Read<T>(record.Body);
        grainState.ETag = record?.ETag;
        grainState.RecordExists = record is not null;
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        var record = new Record(StateJson.Write(grainState.State), Interlocked.Increment(ref _version).ToString(CultureInfo.InvariantCulture));
        var known = _records.GetValueOrDefault(key);
        Check(key, known, grainState.ETag);
        if (!(known is null ? _records.TryAdd(key, record) : _records.TryUpdate(key, record, known))) Check(key, _records.GetValueOrDefault(key), grainState.ETag);
        grainState.ETag = record.ETag;
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        if (_records.TryGetValue(key, out var known))
        {
            Check(key, known, grainState.ETag);
            if (!_records.TryRemove(KeyValuePair.Create(key, known))) Check(key, _records.GetValueOrDefault(key), grainState.ETag);
        }
        grainState.State = PersistentState<T>.NewState();
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private static void Check((string State, GrainId Grain) key, Record? known, string? expected)
    {
        if (known?.ETag != expected) throw new InconsistentStateException($"state '{key.State}' of {key.Grain} was written by someone else", known?.ETag, expected);
    }

    private sealed record Record(byte[] Body, string ETag);
}
