using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Sessions;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Grains.Workers;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Slots;

/// <summary>
/// The node's part in the platform: when its silo is up it tells its slots to the registry, and again with each heartbeat, and wakes the sweeps that are not done; when the silo ends
/// it takes its slots back and ends their workers.
/// </summary>
internal sealed partial class NodeRegistration(Node node, IGrainFactory grains, SlotWorkers workers, SiloUse use, SlotOptions options, TimeProvider time, ILogger<NodeRegistration> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The last to start and the first to stop: grains answer all the while.</summary>
    private const int Stage = ServiceLifecycleStage.Active + 1;
    private const int WokenAtOnce = 8;
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _ending = new();
    private long _epoch = time.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly string[] _slots = [.. node.Devices.Select(device => new SlotKey(node.Name, device).ToString())];
    private Task _beating = Task.CompletedTask;

    private IDeviceRegistryGrain Registry => grains.GetGrain<IDeviceRegistryGrain>("default");

    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(NodeRegistration), Stage, StartAsync, StopAsync);

    public void Dispose() => _ending.Dispose();

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        // A node without slots tells that as well: those of its last start are no more. Whoever starts last has the name, whatever the clock says.
        if (await Registry.RegisterAsync(node.Name, _epoch, _slots) is var known && known != _epoch) _epoch = await Registry.RegisterAsync(node.Name, known + 1, _slots);
        if (_slots.Length == 0) return;
        _beating = BeatAsync();
        if (use.ForCommands) return;
        var sweeps = await grains.GetGrain<ISweepIndexGrain>("default").ListAsync();
        await Parallel.ForEachAsync(sweeps, new ParallelOptions { MaxDegreeOfParallelism = WokenAtOnce, CancellationToken = cancellationToken }, async (sweep, _) =>
        {
            try
            {
                await grains.GetGrain<ISweepGrain>(sweep).WakeAsync();
            }
            catch (Exception e)
            {
                // One sweep that cannot be read must not keep the others from going on.
                LogNotWoken(sweep, e.Message);
            }
        });
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _ending.CancelAsync();
        await _beating;
        try
        {
            if (_slots.Length > 0) await Registry.RegisterAsync(node.Name, _epoch + 1, []).WaitAsync(_farewell, cancellationToken);
        }
        catch (Exception e)
        {
            // The registry forgets a silent node as well.
            LogNoFarewell(node.Name, e.Message);
        }
        await workers.DisposeAsync();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(options.Heartbeat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
                try
                {
                    if (await Registry.RegisterAsync(node.Name, _epoch, _slots).WaitAsync(_ending.Token) != _epoch) LogReplaced(node.Name);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The next beat tries again; a registry that is being moved is found then.
                    LogBeatLost(node.Name, e.Message);
                }
        }
        catch (OperationCanceledException)
        {
            // The silo ends.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "sweep {Sweep} cannot go on: {Problem}")]
    private partial void LogNotWoken(string sweep, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "another silo has registered as node {Node} since: give each a --node of its own")]
    private partial void LogReplaced(string node);

    [LoggerMessage(Level = LogLevel.Warning, Message = "node {Node} could not tell that it lives: {Problem}")]
    private partial void LogBeatLost(string node, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "node {Node} could not take its slots back: {Problem}")]
    private partial void LogNoFarewell(string node, string problem);
}

/// <summary>A node of the platform.</summary>
/// <param name="Name">Its name, stable over restarts.</param>
/// <param name="Devices">Its device slots; none makes a silo that only answers.</param>
internal sealed record Node(string Name, IReadOnlyList<string> Devices);
