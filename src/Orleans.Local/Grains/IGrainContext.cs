namespace Orleans.Runtime;

/// <summary>One activation of a grain, as the runtime sees it.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's identity.</summary>
    GrainId GrainId { get; }

    /// <summary>The object, or null before it is constructed.</summary>
    object? GrainInstance { get; }

    /// <summary>The activation's identity.</summary>
    ActivationId ActivationId { get; }

    /// <summary>The services of this activation; disposed with it.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>The activation's lifecycle (<see cref="GrainLifecycleStage"/>).</summary>
    IGrainLifecycle ObservableLifecycle { get; }

    /// <summary>Completes when the activation has ended.</summary>
    Task Deactivated { get; }

    /// <summary>Starts ending the activation: it finishes its running requests first; later requests go to a new activation.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);

    /// <summary>A component that was set on this activation, or null.</summary>
    TComponent? GetComponent<TComponent>() where TComponent : class;

    /// <summary>Sets (or with null removes) a component of this activation.</summary>
    void SetComponent<TComponent>(TComponent? value) where TComponent : class;
}

/// <summary>Gives the context of the activation that runs the current turn.</summary>
public interface IGrainContextAccessor
{
    /// <summary>The context of the current turn.</summary>
    IGrainContext GrainContext { get; }
}

/// <summary>What the runtime offers to the grains of a silo.</summary>
public interface IGrainRuntime
{
    /// <summary>Identifies the silo in logs.</summary>
    string SiloIdentity { get; }

    /// <summary>The silo's address.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>Makes references.</summary>
    IGrainFactory GrainFactory { get; }

    /// <summary>Registers timers.</summary>
    Orleans.Timers.ITimerRegistry TimerRegistry { get; }

    /// <summary>The services of the silo.</summary>
    IServiceProvider ServiceProvider { get; }

    /// <summary>The clock.</summary>
    TimeProvider TimeProvider { get; }

    /// <summary>Ends an activation once it is idle.</summary>
    void DeactivateOnIdle(IGrainContext grainContext);

    /// <summary>Keeps an activation for a while, or with a negative span takes that back.</summary>
    void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan);
}
