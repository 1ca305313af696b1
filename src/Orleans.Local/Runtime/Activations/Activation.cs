using System.Collections.Concurrent;
using AlpacaCot.LocalSilo.Lifecycle;
using AlpacaCot.LocalSilo.Storage;
using AlpacaCot.LocalSilo.Streaming;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>One activation of a grain: its identity, its object and its services. Its queue and its life are in the other parts.</summary>
internal sealed partial class Activation : IGrainContext
{
    private readonly ConcurrentDictionary<Type, object> _components = new();
    private readonly ActivationScheduler _scheduler;
    private readonly LifecycleStages _lifecycle;
    private IServiceScope? _scope;

    public Activation(Silo silo, GrainClass grainClass, GrainId grainId)
    {
        Silo = silo;
        Class = grainClass;
        GrainId = grainId;
        _scheduler = new ActivationScheduler(this, silo.Scheduling, silo.Logger);
        _lifecycle = new LifecycleStages(silo.Logger);
        Enumerations = new EnumerationTable(this);
        LastUse = silo.Time.GetTimestamp();
    }

    public Silo Silo { get; }

    public GrainClass Class { get; }

    public GrainId GrainId { get; }

    public ActivationId ActivationId { get; } = ActivationId.NewId();

    public object? GrainInstance { get; private set; }

    public EnumerationTable Enumerations { get; }

    public GrainReference GrainReference => field ??= (GrainReference)Silo.Sender.CreateReference(GrainId, Class.PrimaryInterface);

    public IServiceProvider ActivationServices => _scope?.ServiceProvider ?? Silo.Services;

    public IGrainLifecycle ObservableLifecycle => _lifecycle;

    public TComponent? GetComponent<TComponent>() where TComponent : class
        => _components.TryGetValue(typeof(TComponent), out var component) ? (TComponent)component : GrainInstance as TComponent;

    public void SetComponent<TComponent>(TComponent? value) where TComponent : class
    {
        if (value is null) _components.TryRemove(typeof(TComponent), out _);
        else _components[typeof(TComponent)] = value;
    }

    /// <summary>Runs a short step as a turn of its own, whatever else runs.</summary>
    public void Post(Action<Activation> step) => _scheduler.Run(static state =>
    {
        var (self, step) = ((Activation, Action<Activation>))state!;
        step(self);
    }, (this, step));

    /// <summary>A timer whose callback is a turn of its own.</summary>
    public ITimer CreateTimer(Action<Activation> step, TimeSpan period)
    {
        using (Calls.Flow.Suppress()) return Silo.Time.CreateTimer(_ => Post(step), null, period, period);
    }

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override string ToString() => $"{GrainId}{ActivationId}";

    private void Construct()
    {
        _scope = Silo.Services.CreateScope();
        GrainInstance = Class.Construct(this);
        if (Class.StateType is { } state) LegacyState.Attach(this, GrainInstance, state);
    }
}
