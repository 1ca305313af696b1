using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// Writes a sweep's record one write after the other. What changes while one is under way is written together by the next, so that many reports of one moment cost one write.
/// After a write that failed, memory is ahead of the record: nothing is written or acknowledged any more, and the next activation goes on from disk.
/// </summary>
internal sealed class RecordWriter(SweepStore store, Action<Exception> failed)
{
    private Task _last = Task.CompletedTask;
    private Task? _next;
    private Exception? _failure;

    /// <summary>Ends when all that was to be written before is on disk.</summary>
    /// <exception cref="OrleansException">It could not be written.</exception>
    public Task Settled => _last;

    /// <summary>Writes what has changed of a state, with whatever else changes before the write begins.</summary>
    public Task WriteAsync(SweepState state) => _next ??= RunAsync(() =>
    {
        _next = null;
        return store.WriteAsync(state);
    });

    /// <summary>Runs a write in its turn.</summary>
    public Task RunAsync(Func<Task> write)
    {
        return _last = AfterAsync(_last);

        async Task AfterAsync(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
            if (_failure is { } earlier) throw new OrleansException($"the record could not be written: {earlier.Message}");
            try
            {
                await write();
            }
            catch (Exception e)
            {
                _failure = e;
                failed(e);
                throw;
            }
        }
    }
}
