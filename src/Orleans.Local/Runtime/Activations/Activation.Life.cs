using AlpacaCot.LocalSilo.Calls;
using Orleans.Storage;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>How an activation begins and ends.</summary>
internal sealed partial class Activation
{
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending = new();
    private TaskCompletionSource? _drained;
    private DeactivationReason? _endAfterActivation;
    private long _keptUntil;

    public Task Deactivated => _deactivated.Task;

    /// <summary>Cancelled when the activation begins to end.</summary>
    public CancellationToken Ending => _ending.Token;

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_state is ActivationState.New)
            {
                _state = ActivationState.Dead;
                Silo.Catalog.Remove(this);
                _deactivated.TrySetResult();
                return;
            }
            if (_state == ActivationState.Activating) _endAfterActivation = deactivationReason;
            if (_state != ActivationState.Active) return;
            _state = ActivationState.Deactivating;
        }
        StartEnding(deactivationReason, cancellationToken);
    }

    /// <summary>Ends the activation where it is idle for longer than an age.</summary>
    public void CollectIfIdle(TimeSpan age)
    {
        lock (_lock)
        {
            var now = Silo.Time.GetTimestamp();
            if (_state != ActivationState.Active || _running.Count > 0 || _waiting.Count > 0 || now < _keptUntil || Silo.Time.GetElapsedTime(LastUse, now) < age) return;
            _state = ActivationState.Deactivating;
        }
        StartEnding(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"no request came for {age}"), CancellationToken.None);
    }

    /// <summary>Keeps the activation from being collected for a while; a negative span takes that back.</summary>
    public void Delay(TimeSpan span)
        => _keptUntil = span < TimeSpan.Zero && span != Timeout.InfiniteTimeSpan ? 0
            : span == Timeout.InfiniteTimeSpan || span == TimeSpan.MaxValue ? long.MaxValue
            : Silo.Time.GetTimestamp() + (long)(span.TotalSeconds * Silo.Time.TimestampFrequency);

    /// <summary>A request failed. An activation whose state in memory is not the stored one must not go on.</summary>
    public void OnRequestFailed(Exception exception)
    {
        if (exception is not InconsistentStateException { IsSourceActivation: true } conflict) return;
        conflict.IsSourceActivation = false;
        Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, exception, "the stored state is another than this activation's"));
    }

    private async Task ActivateAsync()
    {
        try
        {
            WorkItem? first;
            lock (_lock) first = _waiting.Count > 0 ? _waiting[0] : null;
            RequestContext.Restore(first?.Context);
            using var limit = new CancellationTokenSource(Silo.Collection.ActivationTimeout, Silo.Time);
            Construct();
            if (GrainInstance is IGrainBase grain)
                _lifecycle.Subscribe(nameof(IGrainBase.OnActivateAsync), GrainLifecycleStage.Activate, grain.OnActivateAsync, null);
            await _lifecycle.StartAsync(limit.Token).WaitAsync(Silo.Collection.ActivationTimeout, Silo.Time);
        }
        catch (Exception e)
        {
            RuntimeLog.ActivationFailed(Silo.Logger, GrainId, e);
            OnRequestFailed(e);
            await EndAsync(new DeactivationReason(DeactivationReasonCode.ActivationFailed, e, "activation failed"), e);
            return;
        }
        lock (_lock)
        {
            _state = _endAfterActivation is null ? ActivationState.Active : ActivationState.Deactivating;
            if (_state == ActivationState.Active) BeginWaiting();
        }
        if (_endAfterActivation is { } reason) StartEnding(reason, CancellationToken.None);
    }

    private void StartEnding(DeactivationReason reason, CancellationToken cancellationToken)
        => _scheduler.Run(static state =>
        {
            var (self, reason, token) = ((Activation, DeactivationReason, CancellationToken))state!;
            _ = self.DeactivateAsync(reason, token);
        }, (this, reason, cancellationToken));

    private async Task DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = Silo.Time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), limit, Silo.Collection.DeactivationTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            // Pulls on streams may wait long: they are ended first, then the other requests run out.
            await Enumerations.DisposeAllAsync().WaitAsync(limit.Token);
            await DrainAsync();
            await _ending.CancelAsync();
            if (GrainInstance is IGrainBase grain) await grain.OnDeactivateAsync(reason, limit.Token).WaitAsync(limit.Token);
            await _lifecycle.StopAsync(limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception e)
        {
            RuntimeLog.DeactivationFailed(Silo.Logger, GrainId, e);
        }
        await EndAsync(reason, null);
        RuntimeLog.Deactivated(Silo.Logger, GrainId, reason);
    }

    /// <summary>Waits for the requests that run, but not for ever.</summary>
    private async Task DrainAsync()
    {
        Task drained;
        lock (_lock)
        {
            if (_running.Count == 0) return;
            _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            drained = _drained.Task;
        }
        try
        {
            await drained.WaitAsync(Silo.Collection.DeactivationTimeout, Silo.Time);
        }
        catch (TimeoutException)
        {
            RuntimeLog.DeactivationForced(Silo.Logger, GrainId, Silo.Collection.DeactivationTimeout);
        }
    }

    /// <summary>Leaves the catalog; what still waits fails with the activation's failure or goes to the next activation.</summary>
    private async Task EndAsync(DeactivationReason reason, Exception? failure)
    {
        WorkItem[] left;
        lock (_lock)
        {
            _state = ActivationState.Dead;
            left = [.. _waiting];
            _waiting.Clear();
        }
        Silo.Catalog.Remove(this);
        try
        {
            await _ending.CancelAsync();
            if (GrainInstance is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
            else if (GrainInstance is IDisposable disposable) disposable.Dispose();
            if (_scope is IAsyncDisposable scope) await scope.DisposeAsync();
            else _scope?.Dispose();
        }
        catch (Exception e)
        {
            RuntimeLog.DeactivationFailed(Silo.Logger, GrainId, e);
        }
        foreach (var item in left)
            if (failure is not null) item.Reject(failure);
            else if (item is Request request) Silo.Catalog.Deliver(request);
        _deactivated.TrySetResult();
    }
}
