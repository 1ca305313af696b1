using System.Collections.Concurrent;

namespace AlpacaCot.Supervision;

/// <summary>A thread that lives as long as this process. Processes that are tied to their parent are started on it: Linux ties them to the thread, and those of the pool come and go.</summary>
internal static class LastingThread
{
    private static readonly BlockingCollection<Action> _work = Begin();

    /// <summary>Runs something on the thread.</summary>
    public static Task<T> RunAsync<T>(Func<T> what)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(what());
            }
            catch (Exception e)
            {
                // Whatever it throws is for the caller.
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private static BlockingCollection<Action> Begin()
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var what in work.GetConsumingEnumerable()) what();
        }) { IsBackground = true, Name = "process starts" }.Start();
        return work;
    }
}
