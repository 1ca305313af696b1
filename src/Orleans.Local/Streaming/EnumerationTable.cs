using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Runtime;

namespace AlpacaCot.LocalSilo.Streaming;

/// <summary>The enumerations that run in one activation. Used only in its turns.</summary>
internal sealed class EnumerationTable(Activation activation)
{
    private readonly Dictionary<Guid, Enumeration> _running = [];
    private ITimer? _sweep;
    private bool _aborting;

    private TimeProvider Time => activation.Silo.Time;

    private TimeSpan Patience => activation.Silo.Messaging.ResponseTimeout;

    public async Task<object?> RunAsync(Request request, StreamStep step) => step.Verb switch
    {
        StreamVerb.Start => await PullAsync(step, await StartAsync(request, step)),
        StreamVerb.Next => await PullAsync(step, _running.GetValueOrDefault(step.Id)
            ?? throw new EnumerationAbortedException($"the enumeration of {request.Method.Readable} has ended: nobody pulled for {Patience}, or the activation of {request.Target} ended. Start again from where you are")),
        _ => await DisposeAsync(step.Id),
    };

    /// <summary>The caller gave up: the iterator's token is cancelled.</summary>
    public void Cancel(Guid id)
    {
        if (_running.TryGetValue(id, out var enumeration)) enumeration.Cancellation.Cancel();
    }

    /// <summary>Ends all: the activation ends.</summary>
    public async Task DisposeAllAsync()
    {
        _aborting = true;
        foreach (var id in _running.Keys.ToArray()) await DisposeAsync(id);
    }

    private async Task<Enumeration> StartAsync(Request request, StreamStep step)
    {
        var cancellation = new CancellationTokenSource();
        if (request.Method.TokenIndex >= 0) request.Arguments[request.Method.TokenIndex] = cancellation.Token;
        var stream = await IncomingCall.InvokeAsync(activation, request) ?? throw new InvalidOperationException($"{request.Method.Readable} returned null for a stream");
        var enumeration = Enumeration.Create(request.Method.ResultType, stream, cancellation);
        _running.Add(step.Id, enumeration);
        _sweep ??= activation.CreateTimer(static self => self.Enumerations.Sweep(), Patience / 4);
        return enumeration;
    }

    private async Task<StreamReply> PullAsync(StreamStep step, Enumeration enumeration)
    {
        if (enumeration.IsPulling) throw new InvalidOperationException("an enumerator was moved while it was moving");
        enumeration.IsPulling = true;
        try
        {
            var reply = await enumeration.NextAsync(step.BatchSize, Patience / 2, Time);
            if (reply.Status == StreamStatus.Completed) await DisposeAsync(step.Id);
            return reply;
        }
        catch (OperationCanceledException e) when (_aborting)
        {
            throw new EnumerationAbortedException($"the activation of {activation.GrainId} ended during the enumeration. Start again from where you are", e);
        }
        catch
        {
            await DisposeAsync(step.Id);
            throw;
        }
        finally
        {
            enumeration.IsPulling = false;
            enumeration.LastPull = Time.GetTimestamp();
        }
    }

    private async Task<StreamReply> DisposeAsync(Guid id)
    {
        if (_running.Remove(id, out var enumeration)) await enumeration.DisposeAsync();
        if (_running.Count == 0)
        {
            _sweep?.Dispose();
            _sweep = null;
        }
        return StreamReply.Ended;
    }

    private void Sweep()
    {
        foreach (var (id, enumeration) in _running.ToArray())
            if (!enumeration.IsPulling && Time.GetElapsedTime(enumeration.LastPull) > Patience) _ = DisposeAsync(id);
    }
}
