namespace AlpacaCot.LocalSilo.Lifecycle;

/// <summary>Runs observers in the order of their stages, those of one stage together; on the way down in the opposite order.</summary>
internal sealed class LifecycleStages(ILogger logger) : ISiloLifecycle, IGrainLifecycle, IClusterClientLifecycle
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];

    public int HighestCompletedStage { get; private set; } = int.MinValue;

    public int LowestStoppedStage { get; private set; } = int.MaxValue;

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        var entry = new Entry(this, observerName, stage, observer);
        lock (_lock) _entries.Add(entry);
        return entry;
    }

    /// <summary>Starts all stages. A failure is the caller's to handle; what has started is stopped by <see cref="StopAsync"/>.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Observers may subscribe others to later stages while they start, so the next stage is looked up each time.
        var started = new HashSet<Entry>();
        while (NextStage(started) is { } stage)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Entry[] together;
            lock (_lock) together = [.. _entries.Where(e => e.Stage == stage && started.Add(e))];
            if (together is [var single]) await single.StartAsync(cancellationToken);
            else await Task.WhenAll(together.Select(e => e.StartAsync(cancellationToken)));
            HighestCompletedStage = Math.Max(HighestCompletedStage, stage);
        }
    }

    /// <summary>Stops what has started. A failure is logged and the others still stop.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Entry[] started;
        lock (_lock) started = [.. _entries.Where(e => e.Started)];
        foreach (var stage in started.GroupBy(e => e.Stage).OrderByDescending(g => g.Key))
        {
            foreach (var entry in stage.Reverse())
                try
                {
                    await entry.StopAsync(cancellationToken);
                }
                catch (Exception e)
                {
                    LifecycleLog.StopFailed(logger, entry.Name, e);
                }
            LowestStoppedStage = stage.Key;
        }
    }

    private int? NextStage(HashSet<Entry> started)
    {
        lock (_lock)
        {
            int? next = null;
            foreach (var entry in _entries)
                if (!started.Contains(entry) && (next is null || entry.Stage < next)) next = entry.Stage;
            return next;
        }
    }

    private sealed class Entry(LifecycleStages owner, string name, int stage, ILifecycleObserver observer) : IDisposable
    {
        public string Name { get; } = name;

        public int Stage { get; } = stage;

        public bool Started { get; private set; }

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            Started = true;
            await observer.OnStart(cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Started = false;
            return observer.OnStop(cancellationToken);
        }

        public void Dispose()
        {
            lock (owner._lock) owner._entries.Remove(this);
        }
    }
}

internal static partial class LifecycleLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Observer} failed to stop")]
    public static partial void StopFailed(ILogger logger, string observer, Exception exception);
}
