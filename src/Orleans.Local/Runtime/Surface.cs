namespace AlpacaCot.LocalSilo.Runtime { internal abstract class Activation : IGrainContext {
 public abstract void EnterChain(Guid g); public abstract void LeaveChain(Guid g);
 public abstract GrainReference GrainReference {get;} public abstract GrainId GrainId {get;} public abstract object? GrainInstance {get;} public abstract ActivationId ActivationId {get;}
 public abstract IServiceProvider ActivationServices {get;} public abstract IGrainLifecycle ObservableLifecycle {get;} public abstract Task Deactivated {get;}
 public abstract void Deactivate(DeactivationReason r, CancellationToken c); public abstract T? GetComponent<T>() where T : class; public abstract void SetComponent<T>(T? v) where T : class; public abstract bool Equals(IGrainContext? o); } }
namespace AlpacaCot.LocalSilo.Streaming { internal sealed record GrainEnumerable<T>(int MaxBatchSize) : IAsyncEnumerable<T> { public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken c = default) => throw new InvalidOperationException(); } }
namespace AlpacaCot.LocalSilo.Proxies { internal abstract class BoundReference : GrainReference { private protected BoundReference(GrainId g, GrainInterfaceType t) : base(g, t) {} public abstract object CastTo(Type t); } }
