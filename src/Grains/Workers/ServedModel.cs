using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Workers;

/// <summary>A base that a slot's worker has loaded for a server, from its loading to its end.</summary>
internal sealed class ServedModel : IDisposable
{
    private const string Assignment = "serve";
    private const long Fence = 1;
    private readonly ConcurrentDictionary<string, ChannelWriter<RequestTokens>> _requests = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string?> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServeBaseAssignment _what;
    private readonly ServeJob _job;
    private readonly TimeProvider _time;
    private readonly SlotOptions _options;
    private readonly CancellationTokenSource _end;
    private readonly CancellationTokenRegistration _closing;
    private readonly Pulse _pulse;
    private readonly ITimer _watch;
    private readonly Lock _gate = new();
    private WorkerProcess? _process;
    private string? _ended, _hangs;
    private long _lastUse;
    private int _count;

    /// <summary>A model that is not loaded yet.</summary>
    public ServedModel(ServeBaseAssignment what, int threads, WorkerFolders folders, SlotOptions options, TimeProvider time, CancellationToken closing)
    {
        (_what, _options, _time) = (what, options, time);
        _job = new ServeJob(new BaseModel(what.Base, what.Precision), threads, folders);
        _end = new CancellationTokenSource(options.LoadTimeout, time);
        _closing = closing.Register(_end.Cancel);
        _pulse = new Pulse(options.Silence, time, options.Heartbeat);
        _watch = time.CreateTimer(_ => Watch(), null, options.Heartbeat, options.Heartbeat);
    }

    /// <summary>The server's grain key.</summary>
    public string Server => _what.Server;

    /// <summary>Ends when the model answers, with null, or with why it does not.</summary>
    public Task<string?> Loaded => _loaded.Task;

    /// <summary>Ends when nothing of it is left, the slot given back.</summary>
    public Task Gone => _gone.Task;

    /// <summary>How long nobody has asked; not at all while it loads.</summary>
    public TimeSpan Idle => _requests.IsEmpty && _loaded.Task.IsCompleted ? _time.GetElapsedTime(Volatile.Read(ref _lastUse)) : TimeSpan.Zero;

    /// <summary>Whether it was told to end, or ends by itself after it was loaded; who asks now would be told of the end of a model that he could have had anew.</summary>
    public bool IsEnding => _end.IsCancellationRequested || (_ended is not null && _loaded.Task.IsCompleted);

    /// <summary>Ends it; requests that are under way are told.</summary>
    public void End() => _end.Cancel();

    /// <summary>Loads the model and hands each request its tokens, until the worker or its job ends.</summary>
    public async Task RunAsync(WarmWorker warm)
    {
        try
        {
            var worker = await warm.GetAsync(_end.Token);
            _process = worker.Process;
            await _process.SendAsync(new StartCommand(Assignment, Fence, _job), _end.Token);
            await foreach (var workerEvent in worker.Events.ReadAllAsync(_end.Token))
            {
                lock (_gate) _pulse.Heard(workerEvent);
                if (workerEvent is ProgressEvent { Phase: "serve" })
                {
                    Volatile.Write(ref _lastUse, _time.GetTimestamp());
                    _end.CancelAfter(Timeout.InfiniteTimeSpan);
                    _loaded.TrySetResult(null);
                }
                if (workerEvent is TokensEvent step) HandOut(step);
                if (workerEvent is FailedEvent failed) _ended = failed.Message;
                if (workerEvent is FailedEvent or DoneEvent) break;
            }
            _ended ??= await _process.DescribeEndAsync();
        }
        catch (OperationCanceledException)
        {
            _ended = _hangs ?? (_loaded.Task.IsCompleted ? "the model was unloaded" : FormattableString.Invariant($"the model was unloaded before it was loaded whole (it has {_options.LoadTimeout.TotalMinutes:0.#} min)"));
        }
        catch (Exception e)
        {
            // Whatever keeps a model from loading, or ends it, is the answer to all who wait for it.
            _ended = e.Message;
        }
        _loaded.TrySetResult(_ended);
        foreach (var name in _requests.Keys.ToList()) Finish(name);
    }

    /// <summary>Asks the model; the chunks as the worker makes them.</summary>
    public async IAsyncEnumerable<TokenChunk> GenerateAsync(ServedRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await Loaded is { } problem)
        {
            yield return new TokenChunk(0, [], "", "error", problem);
            yield break;
        }
        var name = $"r{Interlocked.Increment(ref _count)}";
        var tokens = Channel.CreateUnbounded<RequestTokens>();
        _requests[name] = tokens.Writer;
        // The end may have come in between, when this request was not yet known.
        if (_ended is not null) Finish(name);
        try
        {
            if (!await TrySendAsync(Command(name, request), cancellationToken)) Finish(name);
            await foreach (var chunk in tokens.Reader.ReadAllAsync(cancellationToken))
            {
                yield return new TokenChunk(chunk.Sequence, [.. chunk.Ids], chunk.Text, chunk.FinishReason, chunk.Error, chunk.Answer, chunk.More, chunk.Logprobs?.ToArray(), chunk.Score);
                if (chunk.IsLast) yield break;
            }
            yield return new TokenChunk(-1, [], "", "error", _ended ?? await _process!.DescribeEndAsync());
        }
        finally
        {
            Volatile.Write(ref _lastUse, _time.GetTimestamp());
            // A request that is not finished is cancelled; the worker ignores the name of one that is.
            if (Finish(name)) await TrySendAsync(new CancelCommand(name, 0), CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gone.TrySetResult();
        _closing.Dispose();
        _watch.Dispose();
        _end.Dispose();
    }

    /// <summary>Ends a worker that owes an answer and does not work on it any more; one that nobody asks has nothing to say.</summary>
    private void Watch()
    {
        lock (_gate)
        {
            if (_requests.IsEmpty || !_loaded.Task.IsCompleted) _pulse.Rest();
            else if (_hangs is null && _pulse.IsOver(out var silent))
            {
                _hangs = silent;
                _end.Cancel();
            }
        }
    }

    private void HandOut(TokensEvent step)
    {
        foreach (var chunk in step.Requests)
            if (_requests.TryGetValue(chunk.Request, out var tokens))
            {
                tokens.TryWrite(chunk);
                if (chunk.IsLast) Finish(chunk.Request);
            }
    }

    private bool Finish(string name) => _requests.TryRemove(name, out var tokens) && tokens.TryComplete();

    private async Task<bool> TrySendAsync(WorkerCommand command, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(_options.SendTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await _process!.SendAsync(command, either.Token);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException || (e is OperationCanceledException && late.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>A request as the worker hears it.</summary>
    internal static GenerateCommand Command(string name, ServedRequest served)
        => new(name, served.Request.Prompt, served.Request.Raw, served.Request.Decoding, served.Request.Seed, served.Adapter, served.Cue, served.Template, served.Request.Answers, served.Request.Logprobs);
}
