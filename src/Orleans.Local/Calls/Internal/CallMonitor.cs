namespace AlpacaCot.LocalSilo.Calls;

/// <summary>Watches the calls that wait for a response, and ends those that wait too long. Looks every 100 ms while there are any.</summary>
internal sealed class CallMonitor : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(100);
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private PendingCall? _first;
    private bool _ticking;
    private bool _disposed;

    public CallMonitor(TimeProvider time)
    {
        _time = time;
        using (Flow.Suppress()) _timer = time.CreateTimer(static self => ((CallMonitor)self!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(PendingCall call)
    {
        call.Started = _time.GetTimestamp();
        lock (_lock)
        {
            call.IsListed = true;
            call.Next = _first;
            if (_first is not null) _first.Previous = call;
            _first = call;
            if (!_ticking && !_disposed) Arm();
        }
    }

    public void Remove(PendingCall call)
    {
        lock (_lock)
        {
            if (!call.IsListed) return;
            call.IsListed = false;
            if (call.Previous is null) _first = call.Next;
            else call.Previous.Next = call.Next;
            if (call.Next is not null) call.Next.Previous = call.Previous;
            call.Previous = call.Next = null;
        }
    }

    /// <summary>All calls that wait now.</summary>
    public List<PendingCall> Waiting()
    {
        var waiting = new List<PendingCall>();
        lock (_lock)
        {
            for (var call = _first; call is not null; call = call.Next) waiting.Add(call);
        }
        return waiting;
    }

    public void Dispose()
    {
        lock (_lock) _disposed = true;
        _timer.Dispose();
    }

    private void Look()
    {
        List<PendingCall>? late = null;
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            _ticking = false;
            for (var call = _first; call is not null; call = call.Next)
                if (call.Timeout >= TimeSpan.Zero && _time.GetElapsedTime(call.Started, now) >= call.Timeout) (late ??= []).Add(call);
            if (_first is not null && !_disposed) Arm();
        }
        foreach (var call in late ?? []) call.OnTimeout();
    }

    private void Arm()
    {
        _ticking = true;
        _timer.Change(s_period, Timeout.InfiniteTimeSpan);
    }
}

/// <summary>Keeps the caller's ambient values out of work that is not the caller's.</summary>
internal static class Flow
{
    public static Suppression Suppress() => new(ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow());

    public readonly struct Suppression(AsyncFlowControl? control) : IDisposable
    {
        public void Dispose() => control?.Undo();
    }
}
