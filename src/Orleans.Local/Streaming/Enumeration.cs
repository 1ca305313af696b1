namespace AlpacaCot.LocalSilo.Streaming;

/// <summary>An enumeration that runs in an activation.</summary>
internal abstract class Enumeration(CancellationTokenSource cancellation)
{
    public CancellationTokenSource Cancellation { get; } = cancellation;

    /// <summary>When the last pull ended.</summary>
    public long LastPull { get; set; }

    public bool IsPulling { get; set; }

    public static Enumeration Create(Type item, object stream, CancellationTokenSource cancellation)
        => (Enumeration)Activator.CreateInstance(typeof(Enumeration<>).MakeGenericType(item), stream, cancellation)!;

    /// <summary>The items that are ready, at most a batch; waits for the first one up to a time.</summary>
    public abstract Task<StreamReply> NextAsync(int batchSize, TimeSpan patience, TimeProvider time);

    /// <summary>Cancels the iterator and runs its finally blocks.</summary>
    public abstract Task DisposeAsync();
}

/// <inheritdoc/>
internal sealed class Enumeration<T>(IAsyncEnumerable<T> stream, CancellationTokenSource cancellation) : Enumeration(cancellation)
{
    private readonly IAsyncEnumerator<T> _enumerator = stream.GetAsyncEnumerator(cancellation.Token);
    private Task<bool>? _moving;
    private Task? _disposing;

    public override async Task<StreamReply> NextAsync(int batchSize, TimeSpan patience, TimeProvider time)
    {
        var first = _moving ?? _enumerator.MoveNextAsync().AsTask();
        _moving = first;
        if (!first.IsCompleted && !await CompletesAsync(first, patience, time)) return StreamReply.Heartbeat;
        _moving = null;
        if (!await first) return StreamReply.Ended;
        var items = new List<T> { _enumerator.Current };
        while (items.Count < batchSize)
        {
            var more = _enumerator.MoveNextAsync();
            if (!more.IsCompletedSuccessfully)
            {
                // Not ready, or failed: the next pull sees to it, so that these items still arrive.
                _moving = more.AsTask();
                break;
            }
            if (!more.Result) return new StreamReply(StreamStatus.Completed, items.ToArray());
            items.Add(_enumerator.Current);
        }
        return new StreamReply(StreamStatus.Items, items.ToArray());
    }

    public override Task DisposeAsync() => _disposing ??= DisposeOnceAsync();

    private static async Task<bool> CompletesAsync(Task move, TimeSpan patience, TimeProvider time)
    {
        using var stop = new CancellationTokenSource();
        var first = await Task.WhenAny(move, Task.Delay(patience, time, stop.Token));
        await stop.CancelAsync();
        return first == move;
    }

    private async Task DisposeOnceAsync()
    {
        await Cancellation.CancelAsync();
        // An iterator must not be disposed while it moves.
        if (_moving is { } moving) await ((Task)moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await _enumerator.DisposeAsync();
        Cancellation.Dispose();
    }
}
