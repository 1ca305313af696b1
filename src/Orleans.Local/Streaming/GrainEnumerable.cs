using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Proxies;

namespace AlpacaCot.LocalSilo.Streaming;

/// <summary>The stream of a grain method, as the caller sees it. Each enumeration calls the method anew.</summary>
internal sealed record GrainEnumerable<T>(BoundReference Reference, MethodShape Method, object?[] Arguments) : IAsyncEnumerable<T>
{
    private const int DefaultBatchSize = 100;

    public int MaxBatchSize { get; init; } = DefaultBatchSize;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        var own = Method.TokenIndex >= 0 && Arguments[Method.TokenIndex] is CancellationToken token ? token : default;
        return new GrainEnumerator<T>(this, own, cancellationToken);
    }
}

/// <summary>Pulls items from the grain, batch by batch.</summary>
internal sealed class GrainEnumerator<T> : IAsyncEnumerator<T>
{
    private readonly GrainEnumerable<T> _source;
    private readonly Guid _id = Guid.NewGuid();
    private readonly CancellationTokenSource? _linked;
    private readonly CancellationToken _token;
    private T[] _items = [];
    private int _at = -1;
    private bool _started;
    private bool _ended;

    public GrainEnumerator(GrainEnumerable<T> source, CancellationToken own, CancellationToken given)
    {
        _source = source;
        if (own.CanBeCanceled && given.CanBeCanceled && own != given) _linked = CancellationTokenSource.CreateLinkedTokenSource(own, given);
        _token = _linked?.Token ?? (own.CanBeCanceled ? own : given);
    }

    public T Current => _at >= 0 && _at < _items.Length ? _items[_at] : throw new InvalidOperationException("the enumerator stands on no item");

    public ValueTask<bool> MoveNextAsync()
    {
        if (_at + 1 >= _items.Length) return PullAsync();
        _at++;
        return new(true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_started && !_ended)
        {
            _ended = true;
            try
            {
                await Call<StreamReply>.Send(_source.Reference, _source.Method, [], new StreamStep(_id, StreamVerb.Dispose, 0));
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or EnumerationAbortedException)
            {
                // The grain ends enumerations that nobody pulls; leaving one is no failure of the caller's.
            }
        }
        _linked?.Dispose();
    }

    private async ValueTask<bool> PullAsync()
    {
        while (!_ended)
        {
            _token.ThrowIfCancellationRequested();
            var step = new StreamStep(_id, _started ? StreamVerb.Next : StreamVerb.Start, _source.MaxBatchSize);
            var arguments = _started ? [] : _source.Arguments;
            _started = true;
            StreamReply reply;
            try
            {
                reply = await Call<StreamReply>.Send(_source.Reference, _source.Method, arguments, step, _token);
            }
            catch (Exception e) when (e is not OperationCanceledException and not TimeoutException)
            {
                // What the iterator threw has ended it.
                _ended = true;
                throw;
            }
            _ended = reply.Status == StreamStatus.Completed;
            _items = (T[]?)reply.Items ?? [];
            _at = 0;
            if (_items.Length > 0) return true;
        }
        _items = [];
        _at = -1;
        return false;
    }
}
