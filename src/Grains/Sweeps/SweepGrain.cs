using System.Runtime.CompilerServices;
using System.Text.Json;
using AlpacaCot.Experiments;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging;
using SlotReport = AlpacaCot.Grains.Contracts.SlotReport;
using StartReply = AlpacaCot.Grains.Contracts.StartReply;
using Wire = AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// Drives one sweep: loads its record, asks the state machine what follows from what happened, saves, and carries out the effects.
/// Inputs come from slots, users and a timer; the record is written once per tick, except for intents, which are on disk before their effect.
/// </summary>
[GrainType("sweep")]
internal sealed partial class SweepGrain(
    [PersistentState("sweep", GrainStorage.Name)] IPersistentState<SweepRecord> record, HomeLayout home, RecordHealth health, TimeProvider time, ILogger<SweepGrain> logger) : Grain, ISweepGrain
{
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);
    private readonly HashSet<string> _slots = new(StringComparer.Ordinal);
    private readonly NewsRing _news = new();
    private readonly LivePacks _live = new();
    private SweepShards? _shards;
    private SweepState? _state;
    private WorkerNews? _reader;
    private IGrainTimer? _timer;
    private readonly HashSet<long> _heard = [];
    private bool _writeDue;
    private bool _recoverDue;

    private string Key => this.GetPrimaryKeyString();

    private DateTimeOffset Now => time.GetUtcNow();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _shards = new SweepShards(this.GetGrainId(), ServiceProvider);
        if (record.State.Header is not { } header) return;
        Take(SweepState.Load(header, await _shards.ReadAsync(header.Shards), new SchedulingOptions()));
        _recoverDue = true;
        if (record.State.Ended) return;
        // An activation that ended badly has left slots behind. A silo without slots (one that only answers) drives nothing.
        var slots = await Registry.ListAsync();
        _slots.UnionWith(slots.Where(slot => slot.User == Key).Select(slot => slot.Slot));
        if (slots.Length > 0) StartDriving();
    }

    public async Task<SubmitReply> SubmitAsync(SubmitSweep request)
    {
        if (_state is not null)
        {
            var same = record.State.Yaml == request.Yaml && record.State.BaseDirectory == request.BaseDirectory;
            if (same) StartDriving();
            return new SubmitReply(Key, _state.Grid.Trials.Count, Existing: true, same ? null : $"there is a sweep '{request.Name}' already, made of another file; choose another --name");
        }
        SweepState state;
        try
        {
            var facts = JsonSerializer.Deserialize<SpecFacts>(request.Facts, Frames.Json) ?? new SpecFacts();
            var spec = SweepDocument.ParseValid(request.Yaml);
            var slots = Math.Max(1, (await Registry.ListAsync()).Length);
            var limits = new PlanLimits { Slots = slots, Threads = Math.Max(1, Environment.ProcessorCount / slots) };
            state = SweepState.Create(request.Name, spec, SpecValidator.Identities(spec, facts), limits, new SchedulingOptions(), Now, facts);
        }
        catch (Exception e) when (e is SweepException or JsonException)
        {
            return new SubmitReply(Key, 0, Existing: false, e.Message);
        }
        record.State = new SweepRecord { Name = request.Name, Yaml = request.Yaml, BaseDirectory = request.BaseDirectory, Directory = request.Directory };
        Take(state);
        await WriteAsync();
        await Index.AddAsync(Key);
        StartDriving();
        return new SubmitReply(Key, state.Grid.Trials.Count, Existing: false, null);
    }

    public Task<Wire.SweepStatus> GetStatusAsync() => Task.FromResult(SweepPictures.Status(Key, _state, record.State, _live, _news.Last) with { Problem = health.ProblemOf(Key) });

    public async Task CancelAsync()
    {
        if (_state is null) return;
        if (await ApplyAsync(new CancelRequested("cancelled by the user")) != Verdict.Accepted) return;
        await WriteAsync();
        // Its end is to be dealt with also where nothing drives it.
        StartDriving();
    }

    public async Task ResumeAsync(bool retryFailed)
    {
        if (_state is null) return;
        if (await ApplyAsync(new ResumeRequested(retryFailed)) == Verdict.Accepted)
        {
            (record.State.Ended, record.State.ReportHtml, record.State.ReportProblem, record.State.Aggregates) = (false, null, null, null);
            await WriteAsync(head: true);
        }
        if (_state.Header.Status != Experiments.SweepStatus.Running) return;
        await Index.AddAsync(Key);
        StartDriving();
    }

    public Task WakeAsync()
    {
        if (_state is not null) StartDriving();
        return Task.CompletedTask;
    }

    public async Task<ReportFiles> WriteReportAsync()
    {
        var files = await SweepReports.WriteAsync(_state ?? throw new OrleansException($"there is no sweep {Key}"), record.State.Directory, Now);
        (record.State.ReportHtml, record.State.ReportProblem, record.State.Aggregates) = (files.Files.Html, null, files.Aggregates);
        await WriteAsync(head: true);
        return files.Files;
    }

    public async IAsyncEnumerable<SweepNews> WatchAsync(long afterSequence, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Only reads of a ring that turns append to: an iterator interleaves with every other call.
        while (!cancellationToken.IsCancellationRequested)
        {
            var arrived = _news.Arrived;
            foreach (var news in _news.After(afterSequence))
            {
                afterSequence = news.Sequence;
                yield return news;
            }
            // Its last news come with its end, which is dealt with in a tick after the last trial's.
            if (_state is null || (_state.Header.Status != Experiments.SweepStatus.Running && record.State.Ended)) yield break;
            await arrived.WaitAsync(cancellationToken);
        }
    }

    public async Task<bool> ReportAsync(SlotReport report)
    {
        if (_state is null) return false;
        var verdict = Verdict.Accepted;
        var (ended, checkpoint) = (false, false);
        _heard.Add(report.Fence);
        foreach (var news in report.Events.Select(WorkerNews.Read))
        {
            if (news is ProgressEvent progress) _live.Take(report.Pack, progress);
            if (_reader!.InputOf(news, report.Slot) is not { } input) continue;
            ended |= input is AssignmentDone or AssignmentFailed or StartRefused;
            checkpoint |= input is CheckpointReported;
            verdict = await ApplyAsync(input);
        }
        if (!ended) verdict = await ApplyAsync(new LeaseRenewed(report.Fence));
        // The slot is free: the next pack need not wait for the tick. Nor need a checkpoint: what is not stored yet would be trained again after a crash.
        if (ended || checkpoint) DriveSoon();
        return verdict != Verdict.Stale;
    }

    public Task SlotsFreedAsync()
    {
        DriveSoon();
        return Task.CompletedTask;
    }

    public Task<TrainedModel> LocateAsync(string trial)
    {
        TrainedModel Missing(string problem) => new("", "", null, null, problem);
        if (_state is null) return Task.FromResult(Missing($"there is no sweep {Key}"));
        var found = _state.Grid.Trials.FirstOrDefault(t => t.Name == trial);
        if (found is null) return Task.FromResult(Missing($"the sweep {Key} has no trial '{trial}'"));
        if (_state.View(found.Index).Adapter is not { } adapter) return Task.FromResult(Missing($"the trial '{trial}' is not trained yet"));
        var model = _state.Spec.Models.First(m => m.Name == found.Model);
        var path = Path.GetFullPath(Path.Combine(record.State.BaseDirectory, model.Reference));
        return Task.FromResult(new TrainedModel(
            Directory.Exists(path) ? path : model.Reference, _state.Spec.LoadOf(model), adapter.Uri, _state.Spec.Cot.First(c => c.Name == found.Cot).Cue, null));
    }

    private ISlotRegistryGrain Registry => GrainFactory.GetGrain<ISlotRegistryGrain>("default");

    private ISweepIndexGrain Index => GrainFactory.GetGrain<ISweepIndexGrain>("default");

    private void Take(SweepState state) => (_state, _reader) = (state, new WorkerNews(state));

    private void StartDriving()
    {
        if (_timer is null) _timer = this.RegisterGrainTimer(DriveAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = _tick, KeepAlive = true });
        else DriveSoon();
    }

    private void DriveSoon() => _timer?.Change(TimeSpan.Zero, _tick);

    /// <summary>One tick: leases lapse, free slots get packs, what changed is written.</summary>
    private async Task DriveAsync(CancellationToken cancellationToken)
    {
        if (_state is not { } state) return;
        if (state.Header.Status == Experiments.SweepStatus.Running)
        {
            if (_recoverDue) await ApplyAsync(new Recovered());
            _recoverDue = false;
            await ApplyAsync(new Drive(await OffersAsync(state)));
        }
        if (_writeDue) await WriteAsync();
        if (state.Header.Status != Experiments.SweepStatus.Running) await EndAsync(state);
    }

    /// <summary>The slots of this sweep, as many as it has work for, each with the fence it works under.</summary>
    private async Task<IReadOnlyList<SlotOffer>> OffersAsync(SweepState state)
    {
        var waiting = state.Packs.Count(pack => pack.Status == Experiments.PackStatus.Pending);
        var wanted = Math.Min(waiting + state.Leases.Count, 4096) - _slots.Count;
        if (wanted > 0) _slots.UnionWith(await Registry.ReserveAsync(Key, wanted));
        var busy = state.Leases.Values.ToDictionary(pack => pack.Slot!, pack => pack.Fence, StringComparer.Ordinal);
        // Leases from before this activation: the slot knows whether it still works on them.
        foreach (var pack in state.Leases.Values.Where(pack => !_heard.Contains(pack.Fence) && _slots.Contains(pack.Slot!)).ToList())
            if (await RunningFenceAsync(pack.Slot!) != pack.Fence) busy.Remove(pack.Slot!);
        // A slot that has lost its pack is offered again: the pack is about to wait for one.
        var leased = state.Leases.Values.Select(pack => pack.Slot!).ToHashSet(StringComparer.Ordinal);
        if (waiting == 0 && _slots.Where(slot => !leased.Contains(slot)).ToArray() is { Length: > 0 } idle)
        {
            _slots.ExceptWith(idle);
            await Registry.ReleaseAsync(Key, idle);
        }
        return [.. _slots.Order(StringComparer.Ordinal).Select(slot => new SlotOffer(slot, busy.TryGetValue(slot, out var fence) ? fence : null))];
    }

    private async Task<long> RunningFenceAsync(string slot)
    {
        try
        {
            return await GrainFactory.GetGrain<ISlotGrain>(slot).RunningFenceAsync(Key);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // Its node is gone, and its workers with it.
            LogSlotLost(Key, slot, e.Message);
            return 0;
        }
    }

    private async Task<Verdict> ApplyAsync(SweepInput input)
    {
        var outcome = SweepMachine.Apply(_state!, input, Now);
        foreach (var effect in outcome.Effects)
            switch (effect)
            {
                case Persist { BeforeOthers: true }:
                    await WriteAsync();
                    break;
                case Persist:
                    _writeDue = true;
                    break;
                case StartAssignment start:
                    await StartAsync(start.Assignment);
                    break;
                case StopAssignment stop:
                    _ = GrainFactory.GetGrain<ISlotGrain>(stop.Slot).StopAsync(Key, stop.Fence);
                    break;
                case Emit emit:
                    _news.Add(emit.Event);
                    break;
                case Completed:
                    DriveSoon();
                    break;
            }
        return outcome.Verdict;
    }

    private async Task StartAsync(Assignment assignment)
    {
        var job = JsonSerializer.Serialize<WorkerJob>(PackJobs.Of(_state!, record.State, assignment, home), Frames.Json);
        SweepInput? refusal = null;
        _heard.Add(assignment.Fence);
        LogStarting(Key, PackJobs.NameOf(assignment.Pack), assignment.Slot, assignment.Fence, assignment.Checkpoint?.Step ?? 0);
        try
        {
            var reply = await GrainFactory.GetGrain<ISlotGrain>(assignment.Slot).StartAsync(new SlotAssignment(Key, PackJobs.NameOf(assignment.Pack), assignment.Fence, job));
            refusal = reply switch
            {
                StartReply.Busy => new StartRefused(assignment.Slot, assignment.Fence, RefusalKind.Busy, "the slot is busy"),
                StartReply.Stale => new StartRefused(assignment.Slot, assignment.Fence, RefusalKind.Stale, "the slot has seen a newer fence"),
                // A slot that has accepted says so itself with its worker's first word.
                _ => null,
            };
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            refusal = new StartRefused(assignment.Slot, assignment.Fence, RefusalKind.Unavailable, e.Message);
        }
        if (refusal is not null) await ApplyAsync(refusal);
    }

    /// <summary>Writes what has changed of the record, and its head where asked.</summary>
    private async Task WriteAsync(bool head = false)
    {
        _writeDue = false;
        var (header, shards) = _state!.TakeDirty();
        try
        {
            await _shards!.WriteAsync(shards);
            if (!header && !head) return;
            record.State.Header = _state.Header;
            await record.WriteStateAsync();
            health.Written(Key);
        }
        catch (Exception e)
        {
            // What is in memory is ahead of the record now: the next activation goes on from the record.
            LogNotWritten(Key, e.Message);
            health.Failed(Key, e.Message);
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>The sweep has ended: its slots go back, its report is written, its experiment hears of it. The next tick tries again where that fails.</summary>
    private async Task EndAsync(SweepState state)
    {
        if (_slots.Count > 0) await Registry.ReleaseAsync(Key, [.. _slots]);
        _slots.Clear();
        try
        {
            var files = await SweepReports.WriteAsync(state, record.State.Directory, Now);
            (record.State.ReportHtml, record.State.ReportProblem, record.State.Aggregates) = (files.Files.Html, null, files.Aggregates);
        }
        catch (Exception e)
        {
            // The results stand without it; WriteReportAsync writes it once the cause is gone.
            (record.State.ReportHtml, record.State.ReportProblem, record.State.Aggregates) = (null, e.Message, null);
            LogNoReport(Key, e.Message);
        }
        record.State.Ended = true;
        await WriteAsync(head: true);
        var status = SweepPictures.Status(Key, state, record.State, _live, _news.Last);
        await GrainFactory.GetGrain<IExperimentGrain>(Key[..Key.IndexOf('/', StringComparison.Ordinal)]).UpdateAsync(SweepPictures.Summary(status, Now));
        await Index.RemoveAsync(Key);
        _timer?.Dispose();
        _timer = null;
        _news.Wake();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "sweep {Sweep}: {Pack} goes to {Slot} under fence {Fence}, from step {Step}")]
    private partial void LogStarting(string sweep, string pack, string slot, long fence, long step);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sweep {Sweep} has no report: {Problem}")]
    private partial void LogNoReport(string sweep, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "the record of sweep {Sweep} could not be written: {Problem}")]
    private partial void LogNotWritten(string sweep, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sweep {Sweep} cannot reach slot {Slot}: {Problem}")]
    private partial void LogSlotLost(string sweep, string slot, string problem);
}
