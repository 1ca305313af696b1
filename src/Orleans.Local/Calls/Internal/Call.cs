using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Runtime;
using AlpacaCot.LocalSilo.Streaming;

namespace AlpacaCot.LocalSilo.Calls;

/// <summary>A request that somebody in this process waits for.</summary>
internal abstract class PendingCall(GrainId target, MethodShape method, object?[] arguments) : Request(target, method, arguments)
{
    /// <summary>Neighbours in the list of <see cref="CallMonitor"/>, which alone touches them.</summary>
    public PendingCall? Previous { get; set; }

    public PendingCall? Next { get; set; }

    public bool IsListed { get; set; }

    public required TimeSpan Timeout { get; init; }

    public long Started { get; set; }

    public abstract void OnTimeout();

    /// <summary>The result came in a message and belongs to nobody else.</summary>
    public abstract void CompleteOwned(object? result);
}

/// <inheritdoc/>
internal sealed class Call<T>(ICallSender sender, GrainId target, MethodShape method, object?[] arguments) : PendingCall(target, method, arguments)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;

    public override bool IsAbandoned => sender.Options.DropExpiredMessages && _completion.Task.IsCompleted;

    public static Task<T> Send(BoundReference reference, MethodShape method, object?[] arguments, StreamStep? step = null, CancellationToken streamToken = default)
    {
        var sender = reference.Sender;
        var token = step is not null ? streamToken : method.TokenIndex >= 0 && arguments[method.TokenIndex] is CancellationToken given ? given : default;
        if (token.IsCancellationRequested) return Task.FromCanceled<T>(token);
        var call = new Call<T>(sender, reference.GrainId, method, arguments)
        {
            Values = RequestContext.Capture(),
            Source = RuntimeContext.CurrentActivation?.GrainId,
            Step = step,
            Timeout = method.ResponseTimeout is { } own && step is null ? own : sender.Options.ResponseTimeout,
        };
        return call.Start(token);
    }

    public override void Complete(object? result)
    {
        try
        {
            Finish();
            _completion.TrySetResult((T)(Step is null ? Method.CopyResult(result) : StreamReply.Copy(Method, result))!);
        }
        catch (Exception e)
        {
            _completion.TrySetException(e);
        }
    }

    public override void CompleteOwned(object? result)
    {
        Finish();
        _completion.TrySetResult((T)result!);
    }

    public override void Fail(Exception exception)
    {
        Finish();
        if (exception is OperationCanceledException cancelled) _completion.TrySetCanceledKeeping(cancelled);
        else _completion.TrySetException(exception);
    }

    public override void OnTimeout()
    {
        Finish();
        if (!_completion.TrySetException(new TimeoutException($"no response in {Timeout} from {Method.Readable} of grain {Target}; what became of the call is unknown"))) return;
        if (sender.Options.CancelRequestOnTimeout) sender.Cancel(this);
    }

    private Task<T> Start(CancellationToken token)
    {
        try
        {
            if (Method.OneWay) return SendOneWay();
            if (Step is null && Method.TokenIndex >= 0 && (token.CanBeCanceled || sender.Options.CancelRequestOnTimeout)) Cancellation = new CancellationTokenSource();
            _token = token;
            sender.Monitor.Add(this);
            sender.Send(this);
            if (!token.CanBeCanceled) return _completion.Task;
            _registration = token.UnsafeRegister(static call => ((Call<T>)call!).OnCallerCancelled(), this);
            if (_completion.Task.IsCompleted) _registration.Dispose();
        }
        catch (Exception e)
        {
            Fail(e);
        }
        return _completion.Task;
    }

    private Task<T> SendOneWay()
    {
        sender.Send(new OneWayRequest(Target, Method, Arguments) { Values = Values, Source = Source });
        return Task.FromResult(default(T)!);
    }

    private void OnCallerCancelled()
    {
        sender.Cancel(this);
        if (sender.Options.WaitForCancellationAcknowledgement) return;
        sender.Monitor.Remove(this);
        sender.Forget(this);
        _completion.TrySetCanceled(_token);
    }

    private void Finish()
    {
        sender.Monitor.Remove(this);
        sender.Forget(this);
        _registration.Dispose();
    }
}

/// <summary>A request that nobody waits for.</summary>
internal sealed class OneWayRequest(GrainId target, MethodShape method, object?[] arguments) : Request(target, method, arguments)
{
    public override void Complete(object? result) { }

    public override void Fail(Exception exception) { }
}

internal static class CompletionExtensions
{
    /// <summary>Cancels with the exception's own token and message where it has them.</summary>
    public static void TrySetCanceledKeeping<T>(this TaskCompletionSource<T> completion, OperationCanceledException exception)
    {
        // A task that is cancelled with a token that was not cancelled here would claim something untrue; such an exception stays what it is.
        if (exception.CancellationToken.IsCancellationRequested) completion.TrySetCanceled(exception.CancellationToken);
        else completion.TrySetException(exception);
    }
}
