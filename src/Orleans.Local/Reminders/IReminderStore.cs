using System.Collections.Concurrent;

namespace AlpacaCot.LocalSilo.Reminders;

/// <summary>The definition of a reminder. Ticks are due at the first one plus whole periods.</summary>
internal sealed record ReminderRow(GrainId GrainId, string Name, DateTime FirstTick, TimeSpan Period);

/// <summary>Keeps definitions of reminders.</summary>
internal interface IReminderStore
{
    Task<IReadOnlyList<ReminderRow>> LoadAsync();

    Task PutAsync(ReminderRow row);

    Task RemoveAsync(GrainId grainId, string name);
}

/// <summary>Keeps them as long as the process lives.</summary>
internal sealed class InMemoryReminderStore : IReminderStore
{
    private readonly ConcurrentDictionary<(GrainId, string), ReminderRow> _rows = new();

    public Task<IReadOnlyList<ReminderRow>> LoadAsync() => Task.FromResult<IReadOnlyList<ReminderRow>>([.. _rows.Values]);

    public Task PutAsync(ReminderRow row)
    {
        _rows[(row.GrainId, row.Name)] = row;
        return Task.CompletedTask;
    }

    public Task RemoveAsync(GrainId grainId, string name)
    {
        _rows.TryRemove((grainId, name), out _);
        return Task.CompletedTask;
    }
}
