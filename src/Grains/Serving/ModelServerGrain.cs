using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace AlpacaCot.Grains.Serving;

/// <summary>Serves one trial's model: a worker process with its base and adapter loaded, ended when nobody has asked for a while.</summary>
[GrainType("model-server")]
internal sealed partial class ModelServerGrain(SlotOptions options, HomeLayout home, TimeProvider time, ILogger<ModelServerGrain> logger) : Grain, IModelServerGrain
{
    private readonly Dictionary<string, ChannelWriter<RequestTokens>> _requests = new(StringComparer.Ordinal);
    private Task<WorkerProcess>? _loading;
    private string? _slot;
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
        try
        {
            worker = await (_loading ??= LoadAsync());
        }
        catch (Exception e) when (e is WorkerStartException or ModelServerException or IOException)
        {
            problem = e.Message;
            _loading = null;
            await ReleaseAsync();
        }
        if (worker is null)
        {
            yield return new TokenChunk(0, [], "", "error", problem);
            yield break;
        }
        var name = $"r{++_count}";
        var tokens = Channel.CreateUnbounded<RequestTokens>();
        _requests[name] = tokens.Writer;
        try
        {
            await worker.SendAsync(new GenerateCommand(name, request.Prompt, request.Raw, Decoding(request)), cancellationToken);
            await foreach (var news in tokens.Reader.ReadAllAsync(cancellationToken))
            {
                _lastUse = time.GetTimestamp();
                yield return new TokenChunk(news.Sequence, [.. news.Ids], news.Text, news.FinishReason, news.Error);
                if (news.FinishReason is not null) yield break;
            }
            yield return new TokenChunk(-1, [], "", "error", await worker.DescribeEndAsync());
        }
        finally
        {
            // A request that is not finished is cancelled; the worker ignores the name of one that is.
            if (_requests.Remove(name) && !worker.HasExited) await worker.SendAsync(new CancelCommand(name, 0), CancellationToken.None);
        }
    }

    public async Task UnloadAsync()
    {
        if (_loading is { } loading)
        {
            _loading = null;
            try
            {
                var worker = await loading;
                worker.Kill();
                await worker.DisposeAsync();
            }
            catch (Exception e) when (e is WorkerStartException or ModelServerException or IOException)
            {
                LogNeverLoaded(this.GetPrimaryKeyString(), e.Message);
            }
        }
        await ReleaseAsync();
    }

    private async Task<WorkerProcess> LoadAsync()
    {
        var key = this.GetPrimaryKeyString();
        var cut = key.LastIndexOf('/');
        if (cut <= 0) throw new ModelServerException($"'{key}' is not experiment/sweep/trial");
        var model = await GrainFactory.GetGrain<ISweepGrain>(key[..cut]).LocateAsync(key[(cut + 1)..]);
        if (model.Problem is not null) throw new ModelServerException(model.Problem);
        var registry = GrainFactory.GetGrain<ISlotRegistryGrain>("default");
        _slot = (await registry.ReserveAsync($"server:{key}", 1)).FirstOrDefault() ?? throw new ModelServerException("all slots are busy; ask again when a trial has ended");
        _ = SlotKey.TryParse(_slot, out var slot);
        var worker = await WorkerProcess.StartAsync(
            new WorkerStart
            {
                Program = options.WorkerProgram, SocketFolder = options.SocketFolder, Environment = slot.Environment,
                LogFile = Path.Combine(options.LogFolder, $"server-{key.Replace('/', '-')}.log"),
            },
            CancellationToken.None);
        await worker.SendAsync(new StartCommand("serve", 1, new ServeJob(new BaseModel(model.Base, model.Precision), model.Adapter, model.Cue, 1, home.WorkerFolders)), CancellationToken.None);
        var events = worker.EventsAsync(CancellationToken.None).GetAsyncEnumerator();
        while (await events.MoveNextAsync())
        {
            if (events.Current is StartedEvent)
            {
                _ = DemultiplexAsync(worker, events);
                return worker;
            }
            if (events.Current is FailedEvent failed) throw new ModelServerException(failed.Message);
        }
        throw new ModelServerException(await worker.DescribeEndAsync());
    }

    private async Task DemultiplexAsync(WorkerProcess worker, IAsyncEnumerator<WorkerEvent> events)
    {
        while (await events.MoveNextAsync())
            if (events.Current is TokensEvent step)
                foreach (var news in step.Requests)
                    if (_requests.TryGetValue(news.Request, out var writer))
                    {
                        writer.TryWrite(news);
                        if (news.FinishReason is not null)
                        {
                            _requests.Remove(news.Request);
                            writer.Complete();
                        }
                    }
        foreach (var writer in _requests.Values) writer.TryComplete();
        _requests.Clear();
        _loading = null;
        await worker.DisposeAsync();
        await ReleaseAsync();
    }

    private async Task ReleaseAsync()
    {
        if (_slot is not { } slot) return;
        _slot = null;
        await GrainFactory.GetGrain<ISlotRegistryGrain>("default").ReleaseAsync($"server:{this.GetPrimaryKeyString()}", [slot]);
    }

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
