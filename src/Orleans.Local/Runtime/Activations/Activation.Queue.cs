using AlpacaCot.LocalSilo.Calls;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>Which work starts when: one item at a time, unless it may interleave.</summary>
internal sealed partial class Activation
{
    private readonly Lock _lock = new();
    private readonly List<WorkItem> _waiting = [];
    private readonly HashSet<WorkItem> _running = [];
    private readonly List<Guid> _chains = [];
    // What other work must wait for; work that always interleaves blocks nothing.
    private WorkItem? _blocking;
    private ActivationState _state;

    private enum ActivationState
    {
        New,
        Activating,
        Active,
        Deactivating,
        Dead,
    }

    public long LastUse { get; private set; }

    /// <summary>Takes an item, or returns false where this activation has ended.</summary>
    public bool TryEnqueue(WorkItem item)
    {
        var activate = false;
        lock (_lock)
        {
            if (_state == ActivationState.Dead) return false;
            if (item.CountsAsUse) LastUse = Silo.Time.GetTimestamp();
            if (_state == ActivationState.Active && CanRun(item))
            {
                Begin(item);
                return true;
            }
            if (Full(item)) return true;
            _waiting.Add(item);
            if (_state == ActivationState.New)
            {
                _state = ActivationState.Activating;
                activate = true;
            }
        }
        if (activate) _scheduler.Run(static self => _ = ((Activation)self!).ActivateAsync(), this);
        return true;
    }

    /// <summary>Grains called from here on this chain may call back.</summary>
    public void EnterChain(Guid chain)
    {
        lock (_lock) _chains.Add(chain);
    }

    public void LeaveChain(Guid chain)
    {
        lock (_lock) _chains.Remove(chain);
    }

    /// <summary>A caller gave up. The token is cancelled in a turn, since its callbacks belong to the grain.</summary>
    public void Cancel(Request request)
    {
        Post(self =>
        {
            try
            {
                if (request.Step is { } step) self.Enumerations.Cancel(step.Id);
                else request.Cancellation?.Cancel();
            }
            catch (AggregateException e)
            {
                RuntimeLog.CancellationFailed(self.Silo.Logger, self.GrainId, e);
            }
        });
        lock (_lock)
        {
            if (request.Step is not null || !_waiting.Remove(request)) return;
        }
        request.Fail(new OperationCanceledException("the call was cancelled before it started"));
    }

    private bool CanRun(WorkItem item)
        => _blocking is null || item.AlwaysInterleave || Class.Reentrant
            || (item.ReadOnly && _blocking.ReadOnly)
            || (item.Chain != Guid.Empty && _chains.Contains(item.Chain))
            || (item is Request request && Class.MayInterleave is { } predicate && predicate(GrainInstance, request));

    private bool Full(WorkItem item)
    {
        if (item is not Request) return false;
        var limits = Silo.Messaging;
        if (limits.MaxEnqueuedRequestsHardLimit > 0 && _waiting.Count >= limits.MaxEnqueuedRequestsHardLimit)
        {
            item.Reject(new LimitExceededException($"{_waiting.Count} requests wait for {GrainId} already (MaxEnqueuedRequestsHardLimit): try later"));
            return true;
        }
        if (limits.MaxEnqueuedRequestsSoftLimit > 0 && _waiting.Count == limits.MaxEnqueuedRequestsSoftLimit) RuntimeLog.LongQueue(Silo.Logger, _waiting.Count, GrainId);
        return false;
    }

    private void Begin(WorkItem item)
    {
        _running.Add(item);
        if (!item.AlwaysInterleave) _blocking ??= item;
        _scheduler.Run(static state =>
        {
            var (self, item) = ((Activation, WorkItem))state!;
            _ = self.RunAsync(item);
        }, (this, item));
    }

    private async Task RunAsync(WorkItem item)
    {
        RequestContext.Restore(item.Context);
        await item.RunAsync(this);
        lock (_lock)
        {
            _running.Remove(item);
            if (_blocking == item) _blocking = NextBlocking();
            if (item.CountsAsUse) LastUse = Silo.Time.GetTimestamp();
            if (_state == ActivationState.Active) BeginWaiting();
            else if (_running.Count == 0) _drained?.TrySetResult();
        }
    }

    // Of work that interleaved, what still runs blocks in its turn.
    private WorkItem? NextBlocking()
    {
        foreach (var item in _running)
            if (!item.AlwaysInterleave) return item;
        return null;
    }

    private void BeginWaiting()
    {
        for (var i = 0; i < _waiting.Count;)
        {
            var item = _waiting[i];
            if (item.IsAbandoned)
            {
                _waiting.RemoveAt(i);
            }
            else if (CanRun(item))
            {
                _waiting.RemoveAt(i);
                Begin(item);
            }
            else
            {
                i++;
            }
        }
    }
}
