using System.Threading.Channels;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker;

/// <summary>Runs one job at a time on one dedicated thread, where all native tensors live and die, and keeps what jobs share (a loaded base).</summary>
internal sealed class JobHost(WorkerConnection connection, TimeProvider time, TimeSpan? stub, string device)
{
    private readonly Channel<(StartCommand Job, WorkerEvent Event)> _outgoing = Channel.CreateUnbounded<(StartCommand, WorkerEvent)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly WorkerState _state = new(device);
    private (StartCommand Start, CancellationTokenSource Stop, Channel<WorkerCommand> Commands)? _running;

    /// <summary>Serves the supervisor until it closes the socket or says stop.</summary>
    public async Task RunAsync()
    {
        var starts = Channel.CreateUnbounded<StartCommand>();
        var thread = new Thread(() => Work(starts.Reader)) { IsBackground = true, Name = "jobs" };
        thread.Start();
        // Without either of the two nobody hears this worker any more.
        await await Task.WhenAny(SendAsync(), ObeyAsync(starts.Writer));
    }

    private async Task ObeyAsync(ChannelWriter<StartCommand> starts)
    {
        await foreach (var command in connection.CommandsAsync(CancellationToken.None))
            switch (command)
            {
                case StartCommand start:
                    Accept(start, starts);
                    break;
                case StopCommand:
                    return;
                default:
                    Pass(command);
                    break;
            }
    }

    private void Accept(StartCommand start, ChannelWriter<StartCommand> starts)
    {
        lock (_gate)
        {
            if (_running is not null)
            {
                Tell(start, new FailedEvent(start.Assignment, start.Fence, FailureKind.Unknown, "the worker has a job already"));
                return;
            }
            _running = (start, new CancellationTokenSource(), Channel.CreateUnbounded<WorkerCommand>());
        }
        starts.TryWrite(start);
    }

    private void Pass(WorkerCommand command)
    {
        lock (_gate)
        {
            if (_running is not { } running) return;
            if (command is CancelCommand cancel && cancel.Assignment == running.Start.Assignment && cancel.Fence == running.Start.Fence) running.Stop.Cancel();
            else running.Commands.Writer.TryWrite(command);
        }
    }

    private void Tell(StartCommand job, WorkerEvent workerEvent) => _outgoing.Writer.TryWrite((job, workerEvent));

    private async Task SendAsync()
    {
        // A job of which something could not be told has failed, whatever else it says.
        StartCommand? failed = null;
        try
        {
            await foreach (var (job, workerEvent) in _outgoing.Reader.ReadAllAsync())
            {
                if (ReferenceEquals(job, failed)) continue;
                if (await TrySendAsync(workerEvent) is not { } problem) continue;
                failed = job;
                Stop(job);
                await TrySendAsync(new FailedEvent(job.Assignment, job.Fence, FailureKind.Unknown, problem));
            }
        }
        catch (IOException)
        {
            // The supervisor is gone, and this process with it.
        }
    }

    /// <summary>Sends an event; why that cannot be done, where it is the event's fault.</summary>
    private async Task<string?> TrySendAsync(WorkerEvent workerEvent)
    {
        try
        {
            await connection.SendAsync(workerEvent, CancellationToken.None);
            return null;
        }
        catch (ProtocolException e)
        {
            return Failures.Describe(e);
        }
    }

    private void Stop(StartCommand job)
    {
        lock (_gate)
            if (_running is { } running && ReferenceEquals(running.Start, job)) running.Stop.Cancel();
    }

    private void Work(ChannelReader<StartCommand> starts)
    {
        while (true)
        {
            // This thread has nothing to do but jobs; it may block.
            var start = starts.ReadAsync().AsTask().GetAwaiter().GetResult();
            (StartCommand Start, CancellationTokenSource Stop, Channel<WorkerCommand> Commands) running;
            lock (_gate) running = _running!.Value;
            var context = new JobContext(start.Assignment, start.Fence, workerEvent => Tell(start, workerEvent), running.Commands.Reader, time, _state, running.Stop.Token);
            var last = Run(start.Job, context);
            lock (_gate) _running = null;
            Tell(start, last);
        }
    }

    private WorkerEvent Run(WorkerJob job, JobContext context)
    {
        var began = time.GetTimestamp();
        try
        {
            context.Send(new StartedEvent(context.Assignment, context.Fence));
            switch (job)
            {
                case TrainJob pack when stub is not null: StubRunner.Run(pack, context); break;
                case EvaluateJob evaluation when stub is { } pause: StubRunner.Run(evaluation, pause, context); break;
                default: JobTable.Run(job, context); break;
            }
            return new DoneEvent(context.Assignment, context.Fence, time.GetElapsedTime(began).TotalSeconds, PeakMemory.OfProcess(Environment.ProcessId));
        }
        catch (Exception e)
        {
            // Whatever a job throws becomes an event: a supervisor decides what it means. The log keeps the trace.
            if (e is not OperationCanceledException) Console.Error.WriteLine(e);
            return new FailedEvent(context.Assignment, context.Fence, Failures.KindOf(e), Failures.Describe(e));
        }
    }
}
