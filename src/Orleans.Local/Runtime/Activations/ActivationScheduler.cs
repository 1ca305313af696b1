using System.Diagnostics;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>
/// Runs the turns of one activation, one after another, on threads of the pool. Whatever a turn awaits comes back here.
/// </summary>
internal sealed class ActivationScheduler(Activation owner, SchedulingOptions options, ILogger logger) : TaskScheduler, IThreadPoolWorkItem
{
    private readonly Queue<Task> _turns = new();
    private readonly Lock _lock = new();
    private bool _scheduled;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Starts work as a turn of its own, free of the ambient values of whoever asks for it.</summary>
    public void Run(Action<object?> work, object? state)
    {
        using (Calls.Flow.Suppress()) new Task(work, state, CancellationToken.None, TaskCreationOptions.DenyChildAttach).Start(this);
    }

    public void Execute()
    {
        var began = Stopwatch.GetTimestamp();
        var outer = RuntimeContext.CurrentActivation;
        RuntimeContext.CurrentActivation = owner;
        try
        {
            while (true)
            {
                Task turn;
                lock (_lock)
                {
                    if (!_turns.TryDequeue(out turn!))
                    {
                        _scheduled = false;
                        return;
                    }
                }
                var started = Stopwatch.GetTimestamp();
                TryExecuteTask(turn);
                var ended = Stopwatch.GetTimestamp();
                if (Stopwatch.GetElapsedTime(started, ended) > options.TurnWarningLengthThreshold)
                    RuntimeLog.LongTurn(logger, owner.GrainId, Stopwatch.GetElapsedTime(started, ended));
                if (Stopwatch.GetElapsedTime(began, ended) > options.ActivationSchedulingQuantum) break;
            }
        }
        finally
        {
            RuntimeContext.CurrentActivation = outer;
        }
        // The quantum is used up: others first.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override void QueueTask(Task task)
    {
        lock (_lock)
        {
            _turns.Enqueue(task);
            if (_scheduled) return;
            _scheduled = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued)
        => !taskWasPreviouslyQueued && RuntimeContext.CurrentActivation == owner && Current == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_lock) return [.. _turns];
    }
}
