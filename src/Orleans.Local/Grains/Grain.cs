using AlpacaCot.LocalSilo.Runtime;
using Orleans.Core;

namespace Orleans;

/// <summary>The base class of grains. Its methods run one turn at a time on the activation's own scheduler.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    /// <summary>Takes the context of the activation that is being constructed.</summary>
    protected Grain() : this(RuntimeContext.Current!, null) { }

    /// <summary>Takes a context and a runtime, for tests.</summary>
    protected Grain(IGrainContext grainContext, IGrainRuntime? grainRuntime = null)
    {
        GrainContext = grainContext;
        Runtime = grainRuntime ?? grainContext?.ActivationServices.GetService<IGrainRuntime>();
    }

    /// <summary>The context of this activation.</summary>
    public IGrainContext GrainContext { get; }

    /// <summary>A reference to this grain.</summary>
    public GrainReference GrainReference => GrainContext.GrainReference;

    /// <summary>The grain's identity as text.</summary>
    public string IdentityString => GrainContext?.GrainId.ToString() ?? "";

    /// <summary>The silo's identity as text.</summary>
    public string RuntimeIdentity => Runtime?.SiloIdentity ?? "";

    /// <summary>Makes references to other grains.</summary>
    protected IGrainFactory GrainFactory => RequireRuntime().GrainFactory;

    /// <summary>The services of this activation.</summary>
    protected internal IServiceProvider ServiceProvider => GrainContext?.ActivationServices ?? RequireRuntime().ServiceProvider;

    internal IGrainRuntime? Runtime { get; }

    /// <summary>Called before the first request, after the state is read. A failure fails the activation and its callers.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called after the last request. Best effort: a crashed process never calls it.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends this activation once its running requests are done; the next request makes a new one.</summary>
    protected void DeactivateOnIdle() => RequireRuntime().DeactivateOnIdle(GrainContext);

    /// <summary>Keeps this activation for at least a while; a negative span takes that back.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => RequireRuntime().DelayDeactivation(GrainContext, timeSpan);

    private IGrainRuntime RequireRuntime()
        => Runtime ?? throw new InvalidOperationException($"{GetType().Name} was constructed outside of a silo and has no runtime");
}

/// <summary>A grain with one record of state; <see cref="IPersistentState{TState}"/> is the newer way.</summary>
public abstract class Grain<TGrainState> : Grain
{
    private IStorage<TGrainState>? _storage;

    /// <summary>The state. Call <see cref="WriteStateAsync"/> to save it.</summary>
    protected TGrainState State
    {
        get => Storage.State;
        set => Storage.State = value;
    }

    private IStorage<TGrainState> Storage => _storage ?? throw new InvalidOperationException("the state of a grain is not available in its constructor");

    internal void SetStorage(IStorage<TGrainState> storage) => _storage = storage;

    /// <summary>Reads the state anew.</summary>
    protected virtual Task ReadStateAsync() => Storage.ReadStateAsync();

    /// <summary>Writes the state.</summary>
    protected virtual Task WriteStateAsync() => Storage.WriteStateAsync();

    /// <summary>Clears the stored state.</summary>
    protected virtual Task ClearStateAsync() => Storage.ClearStateAsync();
}
