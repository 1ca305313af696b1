using AlpacaCot.Experiments;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The last news of a sweep, for watchers who come by sequence number; one that is too slow sees a jump of the number.</summary>
internal sealed class NewsRing
{
    private const int Size = 4096;
    private readonly Queue<SweepNews> _news = new();
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The last number.</summary>
    public long Last { get; private set; }

    /// <summary>Ends when something new arrives.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>Adds an event.</summary>
    public void Add(SweepEvent news)
    {
        Last = news.Seq;
        _news.Enqueue(new SweepNews(news.Seq, news.Kind.ToString(), news.Trial ?? news.Training ?? news.Work ?? "", news.Message));
        if (_news.Count > Size) _news.Dequeue();
        Wake();
    }

    /// <summary>Lets watchers look again.</summary>
    public void Wake()
    {
        var arrived = _arrived;
        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived.TrySetResult();
    }

    /// <summary>The news after a number.</summary>
    public IReadOnlyList<SweepNews> After(long sequence) => [.. _news.Where(news => news.Sequence > sequence)];
}
