using System.Text.Json;
using System.Threading.Channels;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace AlpacaCot.Grains.Slots;

/// <summary>
/// Owns one device slot and supervises the worker process on it; it computes nothing. A crash in native code costs an attempt of what ran there,
/// never the silo. The worker stays warm between assignments and is replaced after any failure.
/// </summary>
[GrainType("slot"), KeepAlive, SlotNodePlacementFilter, Immovable]
internal sealed partial class SlotGrain(SlotOptions options, TimeProvider time, ILogger<SlotGrain> logger) : Grain, ISlotGrain
{
    private readonly Dictionary<string, long> _seenFences = new(StringComparer.Ordinal);
    private WorkerProcess? _worker;
    private ChannelReader<WorkerEvent> _events = Channel.CreateUnbounded<WorkerEvent>().Reader;
    private Assignment? _current;
    private long _lastUse;
    private int _started;
    private bool _closing;

    private string Key => this.GetPrimaryKeyString();

    private sealed record Assignment(SlotAssignment What, CancellationTokenSource Stop);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(UnloadWhenIdleAsync, new GrainTimerCreationOptions { DueTime = options.IdleUnload, Period = options.IdleUnload });
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The silo ends: what runs here is put off, which is no failure of it.
        _closing = true;
        await DropWorkerAsync();
    }

    public Task<StartReply> StartAsync(SlotAssignment assignment)
    {
        var seen = _seenFences.GetValueOrDefault(assignment.Sweep);
        if (_current is { } running && running.What.Sweep == assignment.Sweep && running.What.Fence == assignment.Fence) return Task.FromResult(StartReply.AlreadyRunning);
        if (assignment.Fence <= seen) return Task.FromResult(StartReply.Stale);
        if (_current is not null) return Task.FromResult(StartReply.Busy);
        _seenFences[assignment.Sweep] = assignment.Fence;
        _current = new Assignment(assignment, new CancellationTokenSource());
        _ = SuperviseAsync(_current);
        return Task.FromResult(StartReply.Started);
    }

    public Task<long> RunningFenceAsync(string sweep) => Task.FromResult(_current is { } running && running.What.Sweep == sweep ? running.What.Fence : 0);

    public async Task StopAsync(string sweep, long fence)
    {
        if (_current is { } running && running.What.Sweep == sweep && running.What.Fence == fence) await running.Stop.CancelAsync();
    }

    /// <summary>Runs one assignment to its end: start the worker where none is warm, pass its news on, renew the lease, stop when fenced out.</summary>
    private async Task SuperviseAsync(Assignment assignment)
    {
        // The call that starts an assignment returns at once; everything else happens in later turns of this activation.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        var what = assignment.What;
        var untold = new List<WorkerEvent>();
        WorkerEvent last;
        try
        {
            last = await RunAsync(assignment, untold);
            if (last is not DoneEvent) await DropWorkerAsync();
        }
        catch (Exception e)
        {
            // Whatever went wrong ends this assignment, never the slot.
            LogBroken(Key, what.Sweep, e);
            last = Failed(what, FailureKind.Unknown, e.Message);
            _worker = null;
        }
        _lastUse = time.GetTimestamp();
        // The slot is free before its owner hears of the end, so that the next assignment finds it free.
        _current = null;
        untold.Add(last);
        for (var attempt = 0; attempt < 5 && !_closing; attempt++)
        {
            if (await TryReportAsync(what, untold) is not null) return;
            await Task.Delay(TimeSpan.FromSeconds(1 << attempt), time);
        }
    }

    /// <summary>The event that ends the assignment; what the owner has not been told before it stays in <paramref name="untold"/>.</summary>
    private async Task<WorkerEvent> RunAsync(Assignment assignment, List<WorkerEvent> untold)
    {
        var what = assignment.What;
        WorkerProcess worker;
        try
        {
            worker = await WarmWorkerAsync();
        }
        catch (WorkerStartException e)
        {
            return Failed(what, FailureKind.Unknown, SlotFailures.StartPrefix + e.Message);
        }
        try
        {
            await worker.SendAsync(new StartCommand(what.Pack, what.Fence, Deserialize(what.Job)), CancellationToken.None);
            long? cancelled = null;
            while (true)
            {
                var (ended, last) = await CollectAsync(what, untold, assignment.Stop.Token, cancelled is not null);
                if (last is not null) return last;
                if (ended) return Failed(what, _closing ? FailureKind.Cancelled : FailureKind.Unknown, await worker.DescribeEndAsync());
                if (cancelled is { } since)
                {
                    // Nobody waits for these any more; a worker that does not stop is ended.
                    untold.Clear();
                    if (time.GetElapsedTime(since) >= options.CancelGrace) return Failed(what, FailureKind.Cancelled, "the worker did not stop in time and was ended");
                    continue;
                }
                // An owner that cannot be reached is told again with the next news; whether the lease lapses meanwhile is for it to say.
                var current = await TryReportAsync(what, untold);
                if (current is not null) untold.Clear();
                if (current is not false && !assignment.Stop.IsCancellationRequested) continue;
                cancelled = time.GetTimestamp();
                await worker.SendAsync(new CancelCommand(what.Pack, what.Fence), CancellationToken.None);
            }
        }
        catch (IOException)
        {
            return Failed(what, _closing ? FailureKind.Cancelled : FailureKind.Unknown, await worker.DescribeEndAsync());
        }
    }

    /// <summary>Waits for news (at most a heartbeat) and collects what follows within a moment: whether the worker is gone, and the event that ends the assignment.</summary>
    private async Task<(bool Ended, WorkerEvent? Last)> CollectAsync(SlotAssignment what, List<WorkerEvent> batch, CancellationToken stop, bool cancelled)
    {
        using var wake = CancellationTokenSource.CreateLinkedTokenSource(cancelled ? CancellationToken.None : stop);
        wake.CancelAfter(options.Heartbeat);
        try
        {
            while (await _events.WaitToReadAsync(wake.Token))
            {
                if (batch.Count == 0) wake.CancelAfter(options.Collect);
                while (_events.TryRead(out var news))
                {
                    if (news is DoneEvent done && done.Assignment == what.Pack && done.Fence == what.Fence) return (false, done);
                    if (news is FailedEvent { Member: null } failed && failed.Assignment == what.Pack && failed.Fence == what.Fence) return (false, failed);
                    if (news is ProgressEvent p) batch.RemoveAll(old => old is ProgressEvent q && q.Member == p.Member && q.Phase == p.Phase);
                    batch.Add(news);
                }
            }
            return (true, null);
        }
        catch (OperationCanceledException)
        {
            return (false, null);
        }
    }

    /// <summary>Whether the fence is still the current one; null where the owner could not be reached.</summary>
    private async Task<bool?> TryReportAsync(SlotAssignment what, IReadOnlyList<WorkerEvent> events)
    {
        try
        {
            return await GrainFactory.GetGrain<ISweepGrain>(what.Sweep).ReportAsync(
                new SlotReport(Key, what.Pack, what.Fence, [.. events.Select(e => JsonSerializer.Serialize(e, Frames.Json))]));
        }
        catch (Exception e)
        {
            LogReportFailed(Key, what.Sweep, e.Message);
            return null;
        }
    }

    private static FailedEvent Failed(SlotAssignment what, FailureKind kind, string message) => new(what.Pack, what.Fence, kind, message);

    private static WorkerJob Deserialize(string job)
        => JsonSerializer.Deserialize<WorkerJob>(job, Frames.Json) ?? throw new JsonException("the assignment holds no job");

    private async Task<WorkerProcess> WarmWorkerAsync()
    {
        if (_worker is { HasExited: false }) return _worker;
        await DropWorkerAsync();
        _ = SlotKey.TryParse(Key, out var slot);
        var log = Path.Combine(options.LogFolder, $"worker-{Key.Replace('/', '-')}-{++_started}.log");
        var worker = await WorkerProcess.StartAsync(
            new WorkerStart { Program = options.WorkerProgram, Arguments = options.WorkerArguments, SocketFolder = options.SocketFolder, LogFile = log, Environment = slot.Environment },
            CancellationToken.None);
        var channel = Channel.CreateUnbounded<WorkerEvent>();
        (_worker, _events) = (worker, channel.Reader);
        _ = Task.Run(() => PumpAsync(worker, channel.Writer));
        LogWorkerStarted(Key, worker.Id);
        return worker;
    }

    private static async Task PumpAsync(WorkerProcess worker, ChannelWriter<WorkerEvent> events)
    {
        try
        {
            await foreach (var news in worker.EventsAsync(CancellationToken.None)) events.TryWrite(news);
        }
        finally
        {
            events.Complete();
        }
    }

    private async Task DropWorkerAsync()
    {
        if (_worker is not { } worker) return;
        _worker = null;
        worker.Kill();
        await worker.DisposeAsync();
    }

    private async Task UnloadWhenIdleAsync(CancellationToken cancellationToken)
    {
        if (_current is null && _worker is not null && time.GetElapsedTime(_lastUse) >= options.IdleUnload) await DropWorkerAsync();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "slot {Slot} started worker process {ProcessId}")]
    private partial void LogWorkerStarted(string slot, int processId);

    [LoggerMessage(Level = LogLevel.Error, Message = "slot {Slot} gave up an assignment of sweep {Sweep}")]
    private partial void LogBroken(string slot, string sweep, Exception problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "slot {Slot} could not report to sweep {Sweep}: {Problem}")]
    private partial void LogReportFailed(string slot, string sweep, string problem);
}

/// <summary>How a slot marks failures that are no attempt.</summary>
internal static class SlotFailures
{
    /// <summary>Begins the message of a failure to start the worker at all.</summary>
    public const string StartPrefix = "start: ";
}
