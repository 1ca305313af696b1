using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Runtime;
using Orleans.Timers;

namespace AlpacaCot.LocalSilo.Timers;

/// <inheritdoc/>
internal sealed class TimerRegistry : ITimerRegistry
{
    public IGrainTimer RegisterGrainTimer<TState>(IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return new GrainTimer((Activation)grainContext, token => callback(state, token), options);
    }
}

/// <summary>A timer of an activation. A callback is work of the activation like a request; the next one is set when it has ended.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private TimeSpan _period;
    private bool _ticking;
    // Set while a callback runs: when to tick next instead of after the period.
    private TimeSpan? _changed;
    private bool _disposed;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, nameof(options.DueTime));
        Check(options.Period, nameof(options.Period));
        _activation = activation;
        _callback = callback;
        _options = options;
        _period = options.Period;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(activation.Ending);
        using (Flow.Suppress()) _timer = activation.Silo.Time.CreateTimer(static self => ((GrainTimer)self!).OnDue(), this, options.DueTime, Timeout.InfiniteTimeSpan);
        _stop.Token.UnsafeRegister(static self => ((GrainTimer)self!)._timer.Dispose(), this);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (_lock)
        {
            if (_disposed) return;
            _period = period;
            if (_ticking) _changed = dueTime;
            else _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
        }
        _timer.Dispose();
        _stop.Cancel();
    }

    private static void Check(TimeSpan span, string name)
    {
        if (span != Timeout.InfiniteTimeSpan && (span < TimeSpan.Zero || span > s_longest))
            throw new ArgumentOutOfRangeException(name, span, $"must be between zero and {s_longest}, or infinite");
    }

    private void OnDue()
    {
        lock (_lock)
        {
            if (_disposed || _ticking) return;
            _ticking = true;
            _changed = null;
        }
        // An activation that has ended takes no more; its timers end with it.
        _activation.TryEnqueue(new Tick(this));
    }

    private async Task RunAsync()
    {
        try
        {
            if (!_stop.IsCancellationRequested) await _callback(_stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            _activation.OnRequestFailed(e);
            RuntimeLog.TimerFailed(_activation.Silo.Logger, _activation.GrainId, e);
        }
        catch (OperationCanceledException)
        {
            // The timer was disposed or the activation ends.
        }
        lock (_lock)
        {
            _ticking = false;
            if (!_disposed && !_stop.IsCancellationRequested) _timer.Change(_changed ?? _period, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Tick(GrainTimer timer) : WorkItem
    {
        public override bool AlwaysInterleave => timer._options.Interleave;

        public override bool ReadOnly => false;

        public override bool CountsAsUse => timer._options.KeepAlive;

        public override bool IsAbandoned => timer._disposed;

        public override Task RunAsync(Activation activation) => timer.RunAsync();

        public override void Reject(Exception reason) => timer.Dispose();
    }
}
