using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Serving;

/// <summary>Serves one trial's model: a worker process with its base and adapter loaded, ended when nobody has asked for a while.</summary>
[GrainType("model-server")]
internal sealed partial class ModelServerGrain(SlotOptions options, HomeLayout home, TimeProvider time, ILogger<ModelServerGrain> logger) : Grain, IModelServerGrain
{
    private readonly Dictionary<string, (WorkerProcess Worker, ChannelWriter<RequestTokens> Tokens)> _requests = new(StringComparer.Ordinal);
    private Task<WorkerProcess>? _loading;
    private string? _ended;
    private long _lastUse;
    private int _count;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(UnloadWhenIdleAsync, new GrainTimerCreationOptions { DueTime = options.IdleUnload, Period = options.IdleUnload });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => UnloadAsync();

    public async IAsyncEnumerable<TokenChunk> GenerateAsync(GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        DelayDeactivation(options.IdleUnload + options.IdleUnload);
        _lastUse = time.GetTimestamp();
        WorkerProcess? worker = null;
        string? problem = null;
        var loading = _loading ??= LoadAsync();
        try
        {
            worker = await loading;
        }
        catch (Exception e)
        {
            // Whatever keeps a model from loading is the answer to all who wait for it; the next request tries again.
            problem = e.Message;
            if (_loading == loading) _loading = null;
        }
        if (worker is null)
        {
            yield return new TokenChunk(0, [], "", "error", problem);
            yield break;
        }
        var name = $"r{++_count}";
        var tokens = Channel.CreateUnbounded<RequestTokens>();
        _requests[name] = (worker, tokens.Writer);
        try
        {
            if (!await TrySendAsync(worker, new GenerateCommand(name, request.Prompt, request.Raw, Decoding(request)), cancellationToken)) tokens.Writer.TryComplete();
            await foreach (var news in tokens.Reader.ReadAllAsync(cancellationToken))
            {
                _lastUse = time.GetTimestamp();
                yield return new TokenChunk(news.Sequence, [.. news.Ids], news.Text, news.FinishReason, news.Error);
                if (news.FinishReason is not null) yield break;
            }
            yield return new TokenChunk(-1, [], "", "error", _ended ?? await worker.DescribeEndAsync());
        }
        finally
        {
            // A request that is not finished is cancelled; the worker ignores the name of one that is.
            if (_requests.Remove(name)) await TrySendAsync(worker, new CancelCommand(name, 0), CancellationToken.None);
        }
    }

    public async Task UnloadAsync()
    {
        if (_loading is not { } loading) return;
        _loading = null;
        try
        {
            var worker = await loading;
            worker.Kill();
            await worker.DisposeAsync();
        }
        catch (Exception e)
        {
            LogNeverLoaded(this.GetPrimaryKeyString(), e.Message);
        }
    }

    /// <summary>Takes a slot and loads the model on it; where that fails, the slot goes back and the worker ends.</summary>
    private async Task<WorkerProcess> LoadAsync()
    {
        var key = this.GetPrimaryKeyString();
        var cut = key.LastIndexOf('/');
        if (cut <= 0) throw new ModelServerException($"'{key}' is not experiment/sweep/trial");
        var model = await GrainFactory.GetGrain<ISweepGrain>(key[..cut]).LocateAsync(key[(cut + 1)..]);
        if (model.Problem is not null) throw new ModelServerException(model.Problem);
        var slot = (await Registry.ReserveAsync(User, 1)).FirstOrDefault() ?? throw new ModelServerException("all slots are busy; ask again when a trial has ended");
        WorkerProcess? worker = null;
        try
        {
            _ = SlotKey.TryParse(slot, out var at);
            worker = await WorkerProcess.StartAsync(
                new WorkerStart
                {
                    Program = options.WorkerProgram, SocketFolder = options.SocketFolder, Environment = at.Environment,
                    LogFile = Path.Combine(options.LogFolder, $"server-{key.Replace('/', '-')}.log"),
                },
                CancellationToken.None);
            await worker.SendAsync(new StartCommand("serve", 1, new ServeJob(new BaseModel(model.Base, model.Precision), model.Adapter, model.Cue, 1, home.WorkerFolders)), CancellationToken.None);
            var events = worker.EventsAsync(CancellationToken.None).GetAsyncEnumerator();
            while (await events.MoveNextAsync())
                switch (events.Current)
                {
                    case ProgressEvent { Phase: "serve" }:
                        _ended = null;
                        _ = DemultiplexAsync(worker, events, slot);
                        return worker;
                    case FailedEvent failed:
                        throw new ModelServerException(failed.Message);
                }
            throw new ModelServerException(await worker.DescribeEndAsync());
        }
        catch
        {
            worker?.Kill();
            if (worker is not null) await worker.DisposeAsync();
            await Registry.ReleaseAsync(User, [slot]);
            throw;
        }
    }

    /// <summary>Hands each request its tokens until the worker, or its job, ends; then the slot goes back.</summary>
    private async Task DemultiplexAsync(WorkerProcess worker, IAsyncEnumerator<WorkerEvent> events, string slot)
    {
        while (await events.MoveNextAsync())
        {
            if (events.Current is FailedEvent failed) _ended = failed.Message;
            if (events.Current is FailedEvent or DoneEvent) break;
            if (events.Current is TokensEvent step)
                foreach (var news in step.Requests)
                    if (_requests.TryGetValue(news.Request, out var request) && request.Worker == worker)
                    {
                        request.Tokens.TryWrite(news);
                        if (news.FinishReason is null) continue;
                        _requests.Remove(news.Request);
                        request.Tokens.TryComplete();
                    }
        }
        // Another worker may have been loaded since this one was told to go: its requests are its own.
        foreach (var (name, request) in _requests.Where(pair => pair.Value.Worker == worker).ToList())
        {
            _requests.Remove(name);
            request.Tokens.TryComplete();
        }
        if (_loading is { IsCompletedSuccessfully: true } loaded && loaded.Result == worker) _loading = null;
        worker.Kill();
        await worker.DisposeAsync();
        await Registry.ReleaseAsync(User, [slot]);
    }

    private static async Task<bool> TrySendAsync(WorkerProcess worker, WorkerCommand command, CancellationToken cancellationToken)
    {
        try
        {
            await worker.SendAsync(command, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private string User => $"server:{this.GetPrimaryKeyString()}";

    private ISlotRegistryGrain Registry => GrainFactory.GetGrain<ISlotRegistryGrain>("default");

    private async Task UnloadWhenIdleAsync(CancellationToken cancellationToken)
    {
        if (_requests.Count == 0 && _loading is not null && time.GetElapsedTime(_lastUse) >= options.IdleUnload) await UnloadAsync();
    }

    private static DecodingSettings Decoding(GenerateRequest request) => new()
    {
        Strategy = request.Temperature > 0 ? "sample" : "greedy", Temperature = request.Temperature > 0 ? request.Temperature : 1, MaxNewTokens = request.MaxNewTokens,
        TopK = request.TopK, TopP = request.TopP, Seed = request.Seed, Stop = request.Stop,
    };

    [LoggerMessage(Level = LogLevel.Debug, Message = "model server {Key} ended without having loaded: {Problem}")]
    private partial void LogNeverLoaded(string key, string problem);
}

/// <summary>A model cannot be served; one line for people.</summary>
internal sealed class ModelServerException(string message) : Exception(message);
