using System.Collections.Concurrent;
using AlpacaCot.LocalSilo.Calls;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>The activations of a silo. The first request for a grain makes its activation.</summary>
internal sealed class Catalog(Silo silo) : IDisposable
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private ITimer? _collector;
    private volatile bool _stopping;

    public int Count => _activations.Count;

    public IEnumerable<Activation> Activations => _activations.Values;

    public void StartCollecting()
    {
        var period = silo.Collection.CollectionQuantum;
        using (Flow.Suppress()) _collector = silo.Time.CreateTimer(static self => ((Catalog)self!).Collect(null), this, period, period);
    }

    /// <summary>Takes a request to its grain, or fails it.</summary>
    public void Deliver(Request request)
    {
        try
        {
            while (!Find(request).TryEnqueue(request)) { }
        }
        catch (Exception e)
        {
            request.Fail(e);
        }
    }

    public Activation? Find(GrainId grainId) => _activations.GetValueOrDefault(grainId);

    public void Remove(Activation activation) => _activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation));

    /// <summary>Ends activations that were idle for their class's age, or for a given one.</summary>
    public void Collect(TimeSpan? age)
    {
        foreach (var activation in _activations.Values)
        {
            var limit = age ?? silo.AgeLimitOf(activation.Class);
            if (limit != Timeout.InfiniteTimeSpan && activation.Class.CollectionAge != Timeout.InfiniteTimeSpan) activation.CollectIfIdle(limit);
        }
    }

    /// <summary>Ends all activations; no new ones are made from now on.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        _collector?.Dispose();
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "the silo stops");
        try
        {
            // A request that was on its way when the silo began to stop may still have made an activation: hence again, until none is left.
            for (var ending = _activations.Values.ToArray(); ending.Length > 0; ending = [.. _activations.Values])
            {
                foreach (var activation in ending) activation.Deactivate(reason, cancellationToken);
                await Task.WhenAll(ending.Select(a => a.Deactivated)).WaitAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host's patience is over; best effort was made.
        }
    }

    public void Dispose() => _collector?.Dispose();

    private Activation Find(Request request)
    {
        if (_activations.TryGetValue(request.Target, out var known)) return known;
        if (_stopping) throw new SiloUnavailableException($"the silo is stopping and starts no activation of {request.Target}");
        var grain = silo.Classes.Find(request.Target.Type) ?? throw new ArgumentException($"no grain class of type '{request.Target.Type}' is hosted here");
        if (grain.Filters.Count > 0) silo.Placement.Check(grain, request);
        return _activations.GetOrAdd(request.Target, static (id, made) => new Activation(made.silo, made.grain, id), (silo, grain));
    }
}
