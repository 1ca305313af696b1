using System.Threading.Channels;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Workers;

/// <summary>A worker that runs, and what it says.</summary>
internal sealed record RunningWorker(WorkerProcess Process, ChannelReader<WorkerEvent> Events);

/// <summary>The worker process of a slot: kept between the slot's assignments, so that its base stays loaded, and started anew where there is none. Used by one assignment at a time.</summary>
internal sealed partial class WarmWorker(string slot, SlotOptions options, ILogger logger)
{
    private RunningWorker? _running;
    private int _started;

    /// <summary>Whether there is a process.</summary>
    public bool IsRunning => _running is { Process.HasExited: false };

    /// <summary>The process that is warm, or a new one.</summary>
    /// <exception cref="WorkerStartException">It cannot be started.</exception>
    public async Task<RunningWorker> GetAsync(CancellationToken cancellationToken)
    {
        if (_running is { Process.HasExited: false } warm) return warm;
        await DropAsync();
        _ = SlotKey.TryParse(slot, out var key);
        var log = Path.Combine(options.LogFolder, $"worker-{slot.Replace('/', '-')}-{++_started}.log");
        var process = await WorkerProcess.StartAsync(
            new WorkerStart
            {
                Program = options.WorkerProgram, Arguments = [.. options.WorkerArguments, .. key.WorkerArguments], SocketFolder = options.SocketFolder, LogFile = log,
                Environment = new Dictionary<string, string>([.. key.Environment.Where(of => !options.WorkerEnvironment.ContainsKey(of.Key)), .. options.WorkerEnvironment]),
            },
            cancellationToken);
        var events = Channel.CreateUnbounded<WorkerEvent>(new UnboundedChannelOptions { SingleWriter = true });
        _ = PumpAsync(process, events.Writer);
        LogStarted(logger, slot, process.Id);
        return _running = new RunningWorker(process, events.Reader);
    }

    /// <summary>Ends the process, if there is one.</summary>
    public async Task DropAsync()
    {
        if (Interlocked.Exchange(ref _running, null) is not { } running) return;
        running.Process.Kill();
        await running.Process.DisposeAsync();
    }

    /// <summary>Reads until the process closes its socket; whatever ends the reading ends the channel, and the reader of the channel asks the process how it ended.</summary>
    private static async Task PumpAsync(WorkerProcess process, ChannelWriter<WorkerEvent> events)
    {
        Exception? problem = null;
        try
        {
            await foreach (var workerEvent in process.EventsAsync(CancellationToken.None)) events.TryWrite(workerEvent);
        }
        catch (Exception e)
        {
            problem = e;
        }
        events.Complete(problem);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "slot {Slot} started worker process {ProcessId}")]
    private static partial void LogStarted(ILogger logger, string slot, int processId);
}
