using System.Reflection;
using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Runtime;
using Orleans.Serialization.Invocation;

namespace AlpacaCot.LocalSilo.Calls;

/// <summary>A call among the filters of its activation.</summary>
internal sealed class IncomingCall : IIncomingGrainCallContext
{
    private readonly Activation _activation;
    private readonly Request _request;
    private int _next;

    private IncomingCall(Activation activation, Request request)
    {
        _activation = activation;
        _request = request;
    }

    public IInvokable Request => _request;

    public object Grain => _activation.GrainInstance!;

    public GrainId? SourceId => _request.Source;

    public GrainId TargetId => _request.Target;

    public GrainInterfaceType InterfaceType => _request.Method.Owner.InterfaceType;

    public string InterfaceName => _request.Method.Owner.Name;

    public string MethodName => _request.Method.Method.Name;

    public MethodInfo InterfaceMethod => _request.Method.Method;

    public IGrainContext TargetContext => _activation;

    public MethodInfo ImplementationMethod => _activation.Class.Implementation(_request.Method.Method);

    public object? Result
    {
        get => Response?.Result;
        set => Response = Response.FromResult(value);
    }

    public Response? Response { get; set; }

    /// <summary>Runs the filters of the silo, then the grain's own, then the method.</summary>
    public static ValueTask<object?> InvokeAsync(Activation activation, Request request)
    {
        if (activation.Silo.IncomingFilters.Length == 0 && activation.GrainInstance is not IIncomingGrainCallFilter)
            return request.Method.Invoke(activation.GrainInstance!, request.Arguments);
        return Filtered(new IncomingCall(activation, request));
    }

    public async Task Invoke()
    {
        var filters = _activation.Silo.IncomingFilters;
        var at = _next++;
        if (at < filters.Length) await filters[at].Invoke(this);
        else if (at == filters.Length && Grain is IIncomingGrainCallFilter own) await own.Invoke(this);
        else Response = Response.FromResult(await _request.Method.Invoke(Grain, _request.Arguments));
    }

    private static async ValueTask<object?> Filtered(IncomingCall call)
    {
        await call.Invoke();
        if (call.Response?.Exception is { } exception) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
        return call.Response?.Result;
    }
}

/// <summary>A call among the filters of its sender.</summary>
internal sealed class OutgoingCall<T>(BoundReference reference, MethodShape method, object?[] arguments) : IOutgoingGrainCallContext
{
    private readonly Preview _request = new(reference.GrainId, method, arguments);
    private int _next;

    public IInvokable Request => _request;

    public object Grain => reference;

    public GrainId? SourceId { get; } = RuntimeContext.CurrentActivation?.GrainId;

    public GrainId TargetId => reference.GrainId;

    public GrainInterfaceType InterfaceType => method.Owner.InterfaceType;

    public string InterfaceName => method.Owner.Name;

    public string MethodName => method.Method.Name;

    public MethodInfo InterfaceMethod => method.Method;

    public IGrainContext? SourceContext { get; } = RuntimeContext.CurrentActivation;

    public object? Result
    {
        get => Response?.Result;
        set => Response = Response.FromResult(value);
    }

    public Response? Response { get; set; }

    public async Task<T> RunAsync()
    {
        await Invoke();
        if (Response?.Exception is { } exception) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
        return (T)Response?.Result!;
    }

    public async Task Invoke()
    {
        var at = _next++;
        if (at < reference.Sender.OutgoingFilters.Length) await reference.Sender.OutgoingFilters[at].Invoke(this);
        else Response = Response.FromResult(await Call<T>.Send(reference, method, _request.Arguments));
    }

    /// <summary>The request as filters see it; it is made anew when it is sent.</summary>
    private sealed class Preview(GrainId target, MethodShape method, object?[] arguments) : Request(target, method, arguments)
    {
        public override void Complete(object? result) { }

        public override void Fail(Exception exception) { }
    }
}
