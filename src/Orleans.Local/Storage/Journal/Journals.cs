using System.Collections.Concurrent;
using Orleans.Hosting;

namespace AlpacaCot.LocalSilo.Storage.Journal;

/// <summary>The journals of a silo by their folder: storages and reminders of one folder share one.</summary>
internal sealed class Journals(IOptionsMonitor<JournalGrainStorageOptions> options, IEnumerable<JournalName> names, ILogger<Journals> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Journal>> _open = new(StringComparer.Ordinal);

    public Journal Get(string name)
    {
        var own = options.Get(name);
        if (string.IsNullOrWhiteSpace(own.Root)) throw new OrleansConfigurationException($"the journal grain storage '{name}' has no Root: set the folder where it keeps its files");
        return _open.GetOrAdd(Path.GetFullPath(own.Root), root => new Lazy<Journal>(() => new Journal(root, own.CompactAfterBytes, logger))).Value;
    }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(Journals), ServiceLifecycleStage.RuntimeStorageServices,
        _ =>
        {
            foreach (var name in names) Get(name.Name);
            return Task.CompletedTask;
        },
        _ =>
        {
            Dispose();
            return Task.CompletedTask;
        });

    public void Dispose()
    {
        foreach (var journal in _open.Values)
            if (journal.IsValueCreated) journal.Value.Dispose();
    }
}

/// <summary>A storage that keeps its records in a journal.</summary>
internal sealed record JournalName(string Name);
