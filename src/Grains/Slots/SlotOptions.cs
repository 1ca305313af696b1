using AlpacaCot.Supervision;

namespace AlpacaCot.Grains.Slots;

/// <summary>How slots supervise their workers.</summary>
public sealed record SlotOptions
{
    /// <summary>The worker's program.</summary>
    public required string WorkerProgram { get; init; }

    /// <summary>Further arguments of every worker.</summary>
    public IReadOnlyList<string> WorkerArguments { get; init; } = [];

    /// <summary>Environment of every worker besides what pins it to its device; it overrides that.</summary>
    public IReadOnlyDictionary<string, string> WorkerEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>Folder of the workers' sockets.</summary>
    public required string SocketFolder { get; init; }

    /// <summary>Folder of the workers' logs.</summary>
    public required string LogFolder { get; init; }

    /// <summary>A slot reports at least this often, which renews the lease; a node registers as often, which says that it lives.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A node that is silent for this long is gone: four heartbeats, so that a pause of its machine or of the registry's is none.</summary>
    public TimeSpan NodeExpiry { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Events of a worker are collected for this long before they are reported together.</summary>
    public TimeSpan Collect { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A worker that was told to stop its job and goes on for this long is ended.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An idle worker is ended after this time; its base is loaded anew then.</summary>
    public TimeSpan IdleUnload { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A model that is not loaded for a server after this time is given up: as long as whoever asked for it waits.</summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A worker reads a command within this time, whatever it computes; one that does not is ended.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A worker that says nothing of its work for longer hangs and is ended; what it was doing counts as an attempt.</summary>
    public SilenceLimits Silence { get; init; } = new();
}
