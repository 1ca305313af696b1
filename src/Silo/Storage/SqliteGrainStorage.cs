using System.Globalization;
using System.Runtime.CompilerServices;
using Orleans.Storage;

namespace AlpacaCot.Silo.Storage;

/// <summary>Grain state in one SQLite file under the home: durable without a server. One process at a time holds it, which makes it the lock of the home as well.</summary>
internal sealed class SqliteGrainStorage(SqliteStore store, IGrainStorageSerializer serializer) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The file is closed, and the home free, when the silo has stopped: the first stage to start is the last to stop.</summary>
    public void Participate(ISiloLifecycle observer)
        => observer.Subscribe(nameof(SqliteGrainStorage), ServiceLifecycleStage.First, _ => Task.CompletedTask, _ =>
        {
            Dispose();
            return Task.CompletedTask;
        });

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = await store.ReadAsync(grainId.ToString(), stateName);
        grainState.State = record is { } found ? serializer.Deserialize<T>(new BinaryData(found.Body)) : New<T>();
        (grainState.ETag, grainState.RecordExists) = (record?.Version.ToString(CultureInfo.InvariantCulture), record is not null);
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Serialised here, in the grain's turn: the state may change while the write waits.
        var body = serializer.Serialize(grainState.State).ToMemory();
        var result = await store.WriteAsync(grainId.ToString(), stateName, Version(grainState.ETag), body);
        if (!result.Written) throw Conflict(stateName, grainId, grainState.ETag, result.Version);
        (grainState.ETag, grainState.RecordExists) = (result.Version?.ToString(CultureInfo.InvariantCulture), true);
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (Version(grainState.ETag) is { } expected)
        {
            var result = await store.DeleteAsync(grainId.ToString(), stateName, expected);
            if (!result.Written) throw Conflict(stateName, grainId, grainState.ETag, result.Version);
        }
        (grainState.State, grainState.ETag, grainState.RecordExists) = (New<T>(), null, false);
    }

    /// <inheritdoc/>
    public void Dispose() => store.Dispose();

    /// <summary>What a grain starts with that has no record: as its class makes it, or unset where a record has no constructor without parameters.</summary>
    private static T New<T>()
        => typeof(T).GetConstructor(Type.EmptyTypes) is not null ? Activator.CreateInstance<T>()
            : typeof(T).IsValueType || typeof(T).IsAbstract || typeof(T) == typeof(string) || typeof(T).IsArray ? default! : (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    private static long? Version(string? etag) => etag is null ? null : long.Parse(etag, NumberStyles.None, CultureInfo.InvariantCulture);

    private static InconsistentStateException Conflict(string stateName, GrainId grainId, string? expected, long? stored)
        => new($"the record '{stateName}' of {grainId} was written by someone else", stored?.ToString(CultureInfo.InvariantCulture) ?? "none", expected ?? "none");
}
