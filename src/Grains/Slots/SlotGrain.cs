using System.Text.Json;
using System.Threading.Channels;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;

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

    private string Key => this.GetPrimaryKeyString();

    private sealed record Assignment(SlotAssignment What, CancellationTokenSource Stop);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(UnloadWhenIdleAsync, new GrainTimerCreationOptions { DueTime = options.IdleUnload, Period = options.IdleUnload });
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => await DropWorkerAsync();

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
        var last = await RunAsync(assignment);
        if (last is not DoneEvent) await DropWorkerAsync();
        _lastUse = time.GetTimestamp();
        _current = null;
        // The slot is free before its owner hears of the end, so that the next assignment finds it free.
        for (var attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                await ReportAsync(what, [last]);
                return;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                LogReportFailed(Key, what.Sweep, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1 << attempt), time);
            }
        }
    }

    private async Task<WorkerEvent> RunAsync(Assignment assignment)
    {
        var what = assignment.What;
        WorkerEvent Failed(FailureKind kind, string message) => new FailedEvent(what.Pack, what.Fence, kind, message);
        try
        {
            var worker = await WarmWorkerAsync();
            await worker.SendAsync(new StartCommand(what.Pack, what.Fence, Deserialize(what.Job)), CancellationToken.None);
            var cancelled = false;
            var batch = new List<WorkerEvent>();
            while (true)
            {
                var (ended, last) = await CollectAsync(what, batch, assignment.Stop.Token, cancelled);
                if (last is not null)
                {
                    if (batch.Count > 0) await ReportAsync(what, batch);
                    return last;
                }
                if (ended) return Failed(FailureKind.Unknown, await worker.DescribeEndAsync());
                var current = await ReportAsync(what, batch);
                batch.Clear();
                if ((current && !assignment.Stop.IsCancellationRequested) || cancelled) continue;
                cancelled = true;
                await worker.SendAsync(new CancelCommand(what.Pack, what.Fence), CancellationToken.None);
            }
        }
        catch (WorkerStartException e)
        {
            return Failed(FailureKind.Unknown, SlotFailures.StartPrefix + e.Message);
        }
        catch (Exception e) when (e is IOException or OrleansException or TimeoutException or JsonException)
        {
            return Failed(FailureKind.Unknown, e.Message);
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

    private Task<bool> ReportAsync(SlotAssignment what, IReadOnlyList<WorkerEvent> events)
        => GrainFactory.GetGrain<ISweepGrain>(what.Sweep).ReportAsync(
            new SlotReport(Key, what.Pack, what.Fence, [.. events.Select(e => JsonSerializer.Serialize(e, Frames.Json))]));

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
        await foreach (var news in worker.EventsAsync(CancellationToken.None)) events.TryWrite(news);
        events.Complete();
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "slot {Slot} could not report to sweep {Sweep}: {Problem}")]
    private partial void LogReportFailed(string slot, string sweep, string problem);
}

/// <summary>How a slot marks failures that are no attempt.</summary>
internal static class SlotFailures
{
    /// <summary>Begins the message of a failure to start the worker at all.</summary>
    public const string StartPrefix = "start: ";
}
