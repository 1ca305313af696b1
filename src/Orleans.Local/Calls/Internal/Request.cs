using System.Reflection;
using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Runtime;
using AlpacaCot.LocalSilo.Streaming;
using Orleans.Serialization.Invocation;

namespace AlpacaCot.LocalSilo.Calls;

/// <summary>A call of a grain method, or one step of enumerating its stream.</summary>
internal abstract class Request(GrainId target, MethodShape method, object?[] arguments) : WorkItem, IInvokable
{
    private static readonly object s_noToken = CancellationToken.None;
    private object? _grain;

    public GrainId Target { get; } = target;

    public MethodShape Method { get; } = method;

    public object?[] Arguments { get; set; } = arguments;

    public GrainId? Source { get; init; }

    public RequestContext.Values? Values { get; init; }

    /// <summary>The step, where this enumerates a stream.</summary>
    public StreamStep? Step { get; init; }

    /// <summary>Cancels the token that the grain was given; null where nobody can cancel.</summary>
    public CancellationTokenSource? Cancellation { get; protected set; }

    /// <summary>The number of this request on its connection.</summary>
    public long WireId { get; set; }

    public override bool AlwaysInterleave => Step is not null || Method.AlwaysInterleave;

    public override bool ReadOnly => Method.ReadOnly;

    public override Guid Chain => Values?.Chain ?? Guid.Empty;

    public override RequestContext.Values? Context => Values;

    public bool IsCancellable => Method.TokenIndex >= 0;

    /// <summary>The grain answered.</summary>
    public abstract void Complete(object? result);

    /// <summary>The grain, or the way to it, failed.</summary>
    public abstract void Fail(Exception exception);

    public override void Reject(Exception reason) => Fail(reason);

    public override async Task RunAsync(Activation activation)
    {
        try
        {
            _grain = activation.GrainInstance;
            // A request that was cancelled while it waited in the queue does not start.
            if (Cancellation is { IsCancellationRequested: true } && Step is null) throw new OperationCanceledException(Cancellation.Token);
            Complete(Step is { } step ? await activation.Enumerations.RunAsync(this, step) : await IncomingCall.InvokeAsync(activation, this));
        }
        catch (Exception e)
        {
            activation.OnRequestFailed(e);
            Fail(e);
        }
    }

    /// <summary>Copies the arguments and puts the grain's own token among them.</summary>
    public void Isolate()
    {
        if (Step is { Verb: not StreamVerb.Start }) return;
        Arguments = Method.CopyArguments(Arguments);
        if (Method.TokenIndex >= 0) Arguments[Method.TokenIndex] = Cancellation is null ? s_noToken : Cancellation.Token;
    }

    object? IInvokable.GetTarget() => _grain;

    int IInvokable.GetArgumentCount() => Arguments.Length;

    object? IInvokable.GetArgument(int index) => Arguments[index];

    void IInvokable.SetArgument(int index, object? value) => Arguments[index] = value;

    string IInvokable.GetMethodName() => Method.Method.Name;

    string IInvokable.GetInterfaceName() => Method.Owner.Name;

    MethodInfo IInvokable.GetMethod() => Method.Method;

    Type IInvokable.GetInterfaceType() => Method.Owner.Type;

    TimeSpan? IInvokable.GetDefaultResponseTimeout() => Method.ResponseTimeout;

    CancellationToken IInvokable.GetCancellationToken() => Method.TokenIndex >= 0 && Arguments[Method.TokenIndex] is CancellationToken token ? token : default;
}
