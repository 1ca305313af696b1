using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The last events of a sweep, for watchers who come by sequence number; one that is too slow sees a jump of the number.</summary>
internal sealed class EventLog
{
    private const int Size = 4096;
    private readonly Queue<WatchedEvent> _events = new();
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The last number.</summary>
    public long Last { get; private set; }

    /// <summary>Ends when something new arrives.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>Adds an event.</summary>
    public void Add(SweepEvent added)
    {
        Last = added.Seq;
        _events.Enqueue(new WatchedEvent(added.Seq, added.Kind.ToString(), added.Trial ?? added.Training ?? added.Work ?? "", added.Message));
        if (_events.Count > Size) _events.Dequeue();
        Wake();
    }

    /// <summary>Lets watchers look again.</summary>
    public void Wake()
    {
        var arrived = _arrived;
        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived.TrySetResult();
    }

    /// <summary>The events after a number.</summary>
    public IReadOnlyList<WatchedEvent> After(long sequence) => [.. _events.Where(watched => watched.Sequence > sequence)];
}
