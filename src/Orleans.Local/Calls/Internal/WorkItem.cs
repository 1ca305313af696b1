using AlpacaCot.LocalSilo.Runtime;

namespace AlpacaCot.LocalSilo.Calls;

/// <summary>Something that an activation does in turn: a request, a timer's callback.</summary>
internal abstract class WorkItem
{
    public abstract bool AlwaysInterleave { get; }

    public abstract bool ReadOnly { get; }

    /// <summary>The call chain that this belongs to, or empty.</summary>
    public virtual Guid Chain => Guid.Empty;

    /// <summary>Nobody waits for it any more, so it need not start.</summary>
    public virtual bool IsAbandoned => false;

    /// <summary>Whether it keeps the activation from being collected as idle.</summary>
    public virtual bool CountsAsUse => true;

    /// <summary>The values that flow with it.</summary>
    public virtual RequestContext.Values? Context => null;

    /// <summary>Does it, on the activation's scheduler. Never throws.</summary>
    public abstract Task RunAsync(Activation activation);

    /// <summary>It cannot be done.</summary>
    public abstract void Reject(Exception reason);
}
