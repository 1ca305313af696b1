using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Workers;

/// <summary>One assignment of a slot from its start to its end: gives the job to the worker, passes its events on, renews the lease, stops when fenced out.</summary>
internal sealed partial class PackRun(string slot, SlotAssignment what, SlotOptions options, IGrainFactory grains, TimeProvider time, ILogger logger, CancellationToken closing)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(4);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<WorkerEvent> _untold = [];
    private bool _started;

    /// <summary>The assignment.</summary>
    public SlotAssignment What => what;

    /// <summary>Ends the assignment at the worker's next step.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Runs the assignment; the event that ends it. Its owner has not been told of that one yet.</summary>
    public async Task<WorkerEvent> RunAsync(WarmWorker warm)
    {
        RunningWorker worker;
        try
        {
            worker = await warm.GetAsync(closing);
        }
        catch (WorkerStartException e)
        {
            return Failed(FailureKind.Unknown, SlotFailures.StartPrefix + e.Message);
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            return Failed(FailureKind.Cancelled, "the silo ends");
        }
        try
        {
            await SendAsync(worker, new StartCommand(what.Pack, what.Fence, what.Job));
            return await FollowAsync(worker, new Pulse(options.Silence.For(what.Job.BaseFiles.Sum(file => file.Bytes)), time, options.Heartbeat));
        }
        catch (ProtocolException e)
        {
            // The same job would be as large the next time.
            return Failed(FailureKind.Data, $"the assignment cannot be given to a worker: {e.Message}");
        }
        catch (IOException)
        {
            return await GoneAsync(worker);
        }
        catch (Exception e)
        {
            // Whatever went wrong ends this assignment, never the slot.
            LogBroken(slot, what.Sweep, e);
            return Failed(FailureKind.Unknown, e.Message);
        }
    }

    /// <summary>Tells the owner how the assignment has ended, again and again until it answers: then it is stored, or counts for nothing.</summary>
    public async Task TellEndAsync(WorkerEvent last)
    {
        _untold.Add(last);
        for (var pause = _pause; !closing.IsCancellationRequested && await TryReportAsync() is null; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
            await Task.Delay(pause, time, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<WorkerEvent> FollowAsync(RunningWorker worker, Pulse pulse)
    {
        long? cancelled = null;
        while (true)
        {
            var (ended, last) = await CollectAsync(worker, pulse, cancelled is not null);
            if (last is not null) return last;
            if (ended) return await GoneAsync(worker);
            if (pulse.IsOver(out var silent)) return Failed(FailureKind.Unknown, silent);
            if (cancelled is { } since)
            {
                // Nobody waits for these any more; a worker that does not stop is ended.
                _untold.Clear();
                if (time.GetElapsedTime(since) >= options.CancelGrace) return Failed(FailureKind.Cancelled, "the worker did not stop in time and was ended");
                continue;
            }
            // An owner that cannot be reached is told again with the next events; whether the lease lapses meanwhile is for it to say.
            if (await TryReportAsync() is not false && !_stop.IsCancellationRequested) continue;
            cancelled = time.GetTimestamp();
            await SendAsync(worker, new CancelCommand(what.Pack, what.Fence));
        }
    }

    /// <summary>Waits for events (at most a heartbeat) and collects what follows within a moment: whether the worker is gone, and the event that ends the assignment.</summary>
    private async Task<(bool Ended, WorkerEvent? Last)> CollectAsync(RunningWorker worker, Pulse pulse, bool cancelled)
    {
        using var pause = new CancellationTokenSource(options.Heartbeat, time);
        using var wake = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, cancelled ? CancellationToken.None : _stop.Token);
        try
        {
            while (await worker.Events.WaitToReadAsync(wake.Token))
            {
                while (worker.Events.TryRead(out var workerEvent))
                {
                    pulse.Heard(workerEvent);
                    if (workerEvent is HeartbeatEvent) continue;
                    if (_untold.Count == 0) pause.CancelAfter(options.Collect);
                    _started |= workerEvent is StartedEvent started && started.Assignment == what.Pack && started.Fence == what.Fence;
                    if (workerEvent is DoneEvent done && done.Assignment == what.Pack && done.Fence == what.Fence) return (false, done);
                    if (workerEvent is FailedEvent { Member: null } failed && failed.Assignment == what.Pack && failed.Fence == what.Fence) return (false, failed);
                    // Of a member's progress only the last word matters.
                    if (workerEvent is ProgressEvent p) _untold.RemoveAll(old => old is ProgressEvent q && q.Member == p.Member && q.Phase == p.Phase);
                    _untold.Add(workerEvent);
                }
            }
            return (true, null);
        }
        catch (OperationCanceledException)
        {
            return (false, null);
        }
    }

    /// <summary>Tells the owner what it has not been told. Whether the fence is still the current one; null where the owner could not be reached.</summary>
    private async Task<bool?> TryReportAsync()
    {
        try
        {
            var answer = await grains.GetGrain<ISweepGrain>(what.Sweep).ReportAsync(new SlotReport(slot, what.Pack, what.Fence, [.. _untold])).WaitAsync(closing);
            // What is answered is stored; what is not is told again with what comes next.
            _untold.Clear();
            return answer.Current;
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            LogReportFailed(slot, what.Sweep, e.Message);
            return null;
        }
    }

    /// <summary>
    /// The worker has closed its socket: it crashed, or the silo ends, which is no failure of what ran. Before it has begun with the assignment, it was its start that failed.
    /// </summary>
    private async Task<WorkerEvent> GoneAsync(RunningWorker worker)
    {
        var end = await worker.Process.EndAsync();
        return closing.IsCancellationRequested ? Failed(FailureKind.Cancelled, end.Description)
            : Failed(end.Kind, _started ? end.Description : SlotFailures.StartPrefix + end.Description);
    }

    /// <summary>Sends a command to a worker that reads it soon.</summary>
    private async Task SendAsync(RunningWorker worker, WorkerCommand command)
    {
        using var late = new CancellationTokenSource(options.SendTimeout, time);
        try
        {
            await worker.Process.SendAsync(command, late.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new IOException("the worker does not read its commands", e);
        }
    }

    private FailedEvent Failed(FailureKind kind, string message) => new(what.Pack, what.Fence, kind, message);

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
