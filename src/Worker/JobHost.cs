using System.Diagnostics;
using System.Threading.Channels;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker;

/// <summary>Runs one job at a time on one dedicated thread, where all native tensors live and die, and keeps what jobs share (a loaded base).</summary>
internal sealed class JobHost(WorkerConnection connection, TimeProvider time, TimeSpan? stub, string device)
{
    private readonly Channel<WorkerEvent> _outgoing = Channel.CreateUnbounded<WorkerEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly WorkerState _state = new(device);
    private (StartCommand Start, CancellationTokenSource Stop, Channel<WorkerCommand> Commands)? _running;

    /// <summary>Serves the supervisor until it closes the socket or says stop.</summary>
    public async Task RunAsync()
    {
        var starts = Channel.CreateUnbounded<StartCommand>();
        var thread = new Thread(() => Work(starts.Reader)) { IsBackground = true, Name = "jobs" };
        thread.Start();
        var sending = SendAsync();
        await foreach (var command in connection.CommandsAsync(CancellationToken.None))
        {
            switch (command)
            {
                case StartCommand start:
                    Accept(start, starts.Writer);
                    break;
                case StopCommand:
                    return;
                default:
                    Pass(command);
                    break;
            }
        }
        _ = sending;
    }

    private void Accept(StartCommand start, ChannelWriter<StartCommand> starts)
    {
        lock (_gate)
        {
            if (_running is not null)
            {
                _outgoing.Writer.TryWrite(new FailedEvent(start.Assignment, start.Fence, FailureKind.Unknown, "the worker has a job already"));
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

    private async Task SendAsync()
    {
        try
        {
            await foreach (var news in _outgoing.Reader.ReadAllAsync()) await connection.SendAsync(news, CancellationToken.None);
        }
        catch (IOException)
        {
            // The supervisor is gone; the command loop ends the process.
        }
    }

    private void Work(ChannelReader<StartCommand> starts)
    {
        while (true)
        {
            // This thread has nothing to do but jobs; it may block.
            var start = starts.ReadAsync().AsTask().GetAwaiter().GetResult();
            (StartCommand Start, CancellationTokenSource Stop, Channel<WorkerCommand> Commands) running;
            lock (_gate) running = _running!.Value;
            var context = new JobContext(start.Assignment, start.Fence, news => _outgoing.Writer.TryWrite(news), running.Commands.Reader, time, _state, running.Stop.Token);
            var last = Run(start.Job, context);
            lock (_gate) _running = null;
            _outgoing.Writer.TryWrite(last);
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
            using var process = Process.GetCurrentProcess();
            return new DoneEvent(context.Assignment, context.Fence, time.GetElapsedTime(began).TotalSeconds, process.PeakWorkingSet64);
        }
        catch (Exception e)
        {
            // Whatever a job throws becomes an event: a supervisor decides what it means. The log keeps the trace.
            if (e is not OperationCanceledException) Console.Error.WriteLine(e);
            return new FailedEvent(context.Assignment, context.Fence, Failures.KindOf(e), Failures.Describe(e));
        }
    }
}
