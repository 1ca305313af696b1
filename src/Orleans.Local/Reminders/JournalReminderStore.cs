using System.Text.Json;
using AlpacaCot.LocalSilo.Storage.Journal;

namespace AlpacaCot.LocalSilo.Reminders;

/// <summary>Definitions of reminders in a journal.</summary>
internal sealed class JournalReminderStore(Journals journals, string name) : IReminderStore
{
    private const string Prefix = "reminder/";

    public Task<IReadOnlyList<ReminderRow>> LoadAsync()
    {
        var journal = journals.Get(name);
        var rows = new List<ReminderRow>();
        foreach (var key in journal.Keys(Prefix))
            if (journal.Read(key) is { } record && JsonSerializer.Deserialize<Stored>(record.Body) is { } row)
                rows.Add(new ReminderRow(GrainId.Parse(row.Grain), row.Name, new DateTime(row.FirstTick, DateTimeKind.Utc), new TimeSpan(row.Period)));
        return Task.FromResult<IReadOnlyList<ReminderRow>>(rows);
    }

    public Task PutAsync(ReminderRow row)
    {
        var stored = new Stored(row.GrainId.ToString(), row.Name, row.FirstTick.Ticks, row.Period.Ticks);
        return journals.Get(name).WriteAsync(new JournalWrite(Key(row.GrainId, row.Name), Expect.Anything, 0, JsonSerializer.SerializeToUtf8Bytes(stored)));
    }

    public Task RemoveAsync(GrainId grainId, string reminder)
        => journals.Get(name).WriteAsync(new JournalWrite(Key(grainId, reminder), Expect.Anything, 0, null));

    private static string Key(GrainId grainId, string reminder) => $"{Prefix}{grainId}#{reminder}";

    private sealed record Stored(string Grain, string Name, long FirstTick, long Period);
}
