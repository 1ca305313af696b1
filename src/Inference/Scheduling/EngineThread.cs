using System.Collections.Concurrent;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>
/// The one thread that touches the model and the cache. Work is posted to it; between jobs it drives the scheduler step by step, and sleeps when there is
/// nothing to do. Tensors never cross threads.
/// </summary>
internal sealed class EngineThread : IDisposable
{
    private readonly BlockingCollection<Action> _mailbox = [];
    private readonly Scheduler _scheduler;
    private readonly Action _cleanUp;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public EngineThread(Scheduler scheduler, Action cleanUp)
    {
        _scheduler = scheduler;
        _cleanUp = cleanUp;
        _thread = new Thread(Loop) { IsBackground = true, Name = "inference engine" };
        _thread.Start();
    }

    /// <summary>Runs a job on the engine's thread before its next step.</summary>
    public void Post(Action job)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        try
        {
            _mailbox.Add(job);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(InferenceEngine));
        }
    }

    /// <summary>Runs a job on the engine's thread and waits for its result.</summary>
    public T Run<T>(Func<T> job)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try { result.SetResult(job()); }
            catch (Exception e) { result.SetException(e); }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _mailbox.CompleteAdding();
        _thread.Join();
        _mailbox.Dispose();
    }

    private void Loop()
    {
        while (!_stopping)
        {
            if (!_scheduler.HasWork)
            {
                // Blocks until a job comes or the engine is disposed.
                if (!_mailbox.TryTake(out var first, Timeout.Infinite)) break;
                first();
            }
            while (_mailbox.TryTake(out var job)) job();
            try
            {
                if (_scheduler.HasWork) _scheduler.Step();
            }
            catch (Exception e)
            {
                // Nobody may wait for ever because a callback failed.
                _scheduler.Abort(e);
            }
        }
        var ended = new ObjectDisposedException(nameof(InferenceEngine), "the engine was shut down");
        while (_mailbox.TryTake(out var rest)) rest();
        _scheduler.Abort(ended);
        _cleanUp();
    }
}
