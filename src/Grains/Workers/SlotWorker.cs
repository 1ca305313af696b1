using System.Runtime.CompilerServices;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Serving;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Workers;

/// <summary>What runs on one slot: a pack, or a served model, or nothing. It lives as long as the silo, whatever becomes of the grain that speaks for the slot.</summary>
internal sealed partial class SlotWorker : IAsyncDisposable
{
    private readonly string _slot;
    private readonly SlotOptions _options;
    private readonly int _threads;
    private readonly HomeLayout _home;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WarmWorker _warm;
    private readonly CancellationTokenSource _closing = new();
    private readonly ITimer _idle;
    private readonly Lock _gate = new();
    private readonly List<PackRun> _ended = [];
    private PackRun? _pack;
    private ServedModel? _model;

    /// <summary>The model that has ended last, while its slot is given back.</summary>
    private ServedModel? _leaving;

    private Task _running = Task.CompletedTask;
    private long _lastUse;

    /// <summary>The end of a worker that nobody needed; the next that runs here waits for it.</summary>
    private Task _unloading = Task.CompletedTask;

    /// <summary>A slot on which nothing runs.</summary>
    /// <param name="slot">The slot's key.</param>
    /// <param name="threads">Its part of the node's processors.</param>
    /// <param name="options">How workers are supervised.</param>
    /// <param name="home">The platform's home.</param>
    /// <param name="grains">The grains.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public SlotWorker(string slot, int threads, SlotOptions options, HomeLayout home, IGrainFactory grains, TimeProvider time, ILogger logger)
    {
        (_slot, _threads, _options, _home, _grains, _time, _logger) = (slot, threads, options, home, grains, time, logger);
        _warm = new WarmWorker(slot, options, logger);
        _idle = time.CreateTimer(_ => UnloadWhereIdle(), null, options.IdleUnload, options.IdleUnload);
    }

    private bool Free => _pack is null && _model is null && !_closing.IsCancellationRequested;

    /// <summary>Starts an assignment, unless something runs.</summary>
    public StartReply Start(SlotAssignment assignment)
    {
        lock (_gate)
        {
            if (_pack?.What is { } running && running.Sweep == assignment.Sweep && running.Fence == assignment.Fence) return StartReply.AlreadyRunning;
            if (!Free) return StartReply.Busy;
            _pack = new PackRun(_slot, assignment, _options, _grains, _time, _logger, _closing.Token);
            _running = RunAsync(_pack, _unloading);
            return StartReply.Started;
        }
    }

    /// <summary>
    /// The fence under which this slot works on a sweep, or 0. Work whose end the owner has not heard of yet counts: an owner that comes back after its silo was lost
    /// would have it done again.
    /// </summary>
    public long RunningFence(string sweep)
    {
        lock (_gate) return (_pack?.What.Sweep == sweep ? _pack : _ended.FindLast(pack => pack.What.Sweep == sweep))?.What.Fence ?? 0;
    }

    /// <summary>Whether an assignment would find the slot taken.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate) return !Free;
        }
    }

    /// <summary>Stops the assignment of a fence.</summary>
    public void Stop(string sweep, long fence)
    {
        lock (_gate)
            if (_pack is { } pack && pack.What.Sweep == sweep && pack.What.Fence == fence) pack.Stop();
    }

    /// <summary>Loads a model for a server, unless it is loaded. Whoever hears that it failed or has ended finds the slot free.</summary>
    public async Task<ServeAnswer> ServeAsync(ServeBaseAssignment assignment)
    {
        ServedModel model;
        bool ending;
        lock (_gate)
        {
            // Until the slot has been given back, the registry takes it for this server's: what began now would lose it.
            if ((_model ?? _leaving) is { } known && known.Server == assignment.Server) model = known;
            else if (!Free) return new ServeAnswer(ServeReply.Busy, $"the slot {_slot} is busy");
            else
            {
                _model = model = new ServedModel(assignment, _threads, _home.WorkerFolders, _options, _time, _closing.Token);
                _running = RunAsync(model, _unloading);
            }
            ending = model.IsEnding;
        }
        var problem = ending ? "the model was being unloaded" : await model.Loaded;
        if (problem is null) return new ServeAnswer(ServeReply.Serves, null);
        await model.Gone;
        return new ServeAnswer(ending ? ServeReply.Ended : ServeReply.Failed, problem);
    }

    /// <summary>Asks the model of a server.</summary>
    public async IAsyncEnumerable<TokenChunk> GenerateAsync(string server, ServedRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ServedModel? model;
        lock (_gate) model = _model;
        if (model is null || model.Server != server || model.IsEnding)
        {
            yield return new TokenChunk(0, [], "", TokenChunk.NotServed, null);
            yield break;
        }
        await foreach (var chunk in model.GenerateAsync(request, cancellationToken)) yield return chunk;
    }

    /// <summary>Ends the model of a server and waits until the slot is free.</summary>
    public Task UnloadAsync(string server)
    {
        lock (_gate)
        {
            if (_model is not { } model || model.Server != server) return Task.CompletedTask;
            model.End();
            return _running;
        }
    }

    /// <summary>The silo ends: what runs here is put off, which is no failure of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _idle.DisposeAsync();
        await _warm.DropAsync();
        Task running, unloading;
        lock (_gate) (running, unloading) = (_running, _unloading);
        await Task.WhenAll(running, unloading);
    }

    private async Task RunAsync(PackRun pack, Task before)
    {
        // Whoever starts an assignment waits for none of it.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var last = await pack.RunAsync(_warm);
        if (last is not DoneEvent) await _warm.DropAsync();
        // The slot is free before its owner hears of the end, so that the next assignment finds it free.
        lock (_gate)
        {
            (_pack, _lastUse) = (null, _time.GetTimestamp());
            _ended.Add(pack);
        }
        await pack.TellEndAsync(last);
        lock (_gate) _ended.Remove(pack);
    }

    private async Task RunAsync(ServedModel model, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await model.RunAsync(_warm);
        await _warm.DropAsync();
        lock (_gate) (_model, _leaving) = (null, model);
        await ReleaseAsync(model.Server);
        lock (_gate)
            if (_leaving == model) _leaving = null;
        model.Dispose();
    }

    /// <summary>Gives the slot back to the registry; until that is reached, nobody else can have it.</summary>
    private async Task ReleaseAsync(string server)
    {
        while (!_closing.IsCancellationRequested)
            try
            {
                await _grains.GetGrain<IDeviceRegistryGrain>("default").ReleaseAsync(ModelServers.UserOf(server), [_slot]);
                return;
            }
            catch (Exception e)
            {
                LogNotReleased(_slot, e.Message);
                await Task.Delay(_options.Heartbeat, _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
    }

    private void UnloadWhereIdle()
    {
        lock (_gate)
        {
            if (_model is { } model && model.Idle >= _options.IdleUnload) model.End();
            if (!Free || !_unloading.IsCompleted || !_warm.IsRunning || _time.GetElapsedTime(_lastUse) < _options.IdleUnload) return;
            _unloading = UnloadAsync();
        }

        async Task UnloadAsync()
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await _warm.DropAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "slot {Slot} could not be given back: {Problem}")]
    private partial void LogNotReleased(string slot, string problem);
}
