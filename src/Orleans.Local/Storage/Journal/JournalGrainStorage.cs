using System.Globalization;
using Orleans.Storage;

namespace AlpacaCot.LocalSilo.Storage.Journal;

/// <summary>Grain state in a journal. The version of a record is its place in the journal's sequence.</summary>
internal sealed class JournalGrainStorage(Journals journals, string name) : IGrainStorage
{
    private Journal? _journal;

    private Journal Journal => _journal ??= journals.Get(name);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = Journal.Read(Key(stateName, grainId));
        grainState.State = record is { } found ? StateJson.Read<T>(found.Body) : PersistentState<T>.NewState();
        grainState.ETag = record?.Version.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = record is not null;
        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var version = await Journal.WriteAsync(Write(stateName, grainId, grainState.ETag, StateJson.Write(grainState.State)));
        grainState.ETag = version.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState.ETag is not null || Journal.Read(Key(stateName, grainId)) is not null)
            await Journal.WriteAsync(Write(stateName, grainId, grainState.ETag, null));
        grainState.State = PersistentState<T>.NewState();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private JournalWrite Write(string stateName, GrainId grainId, string? etag, byte[]? body)
        => new(Key(stateName, grainId), etag is null ? Expect.Absent : Expect.Version, etag is null ? 0 : Parse(etag), body);

    // A version that this storage never gave is a foreign one, and no record has it.
    private static long Parse(string etag) => long.TryParse(etag, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : -1;

    private string Key(string stateName, GrainId grainId) => $"state/{name}/{stateName}/{grainId}";
}
