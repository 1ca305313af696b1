using System.Runtime.CompilerServices;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Sessions;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using SlotReport = AlpacaCot.Grains.Contracts.SlotReport;
using SweepStatus = AlpacaCot.Experiments.Scheduling.SweepStatus;
using Wire = AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// Drives one sweep: loads its record, gives each input to the state machine, saves the state that results, and carries out its effects.
/// Inputs come from slots, users and a timer; the record is written once per tick, except for intents, which are on disk before their effect.
/// </summary>
[GrainType(Type)]
internal sealed partial class SweepGrain : Grain, ISweepGrain, IRemindable
{
    /// <summary>The grain's type: what is stored is found by it.</summary>
    public const string Type = "sweep";

    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);
    private readonly HomeLayout _home;
    private readonly RecordHealth _health;
    private readonly SiloUse _use;
    private readonly SteadyClock _clock;
    private readonly ILogger _logger;
    private readonly SweepStore _store;
    private readonly RecordWriter _writer;
    private readonly SweepSlots _slots;
    private readonly SharedLookup _shared;
    private readonly SweepReminder _reminder;
    private readonly EventLog _events = new();
    private readonly LiveProgress _live;
    private readonly TrialLogs _logs;
    private SweepState? _state;
    private WorkerReports? _reader;
    private IGrainTimer? _timer;
    private Task _deleting = Task.CompletedTask;
    private bool _recoverDue;

    public SweepGrain([FromKeyedServices(GrainStorage.Name)] IGrainStorage storage, HomeLayout home, RecordHealth health, SiloUse use, TimeProvider time, ILogger<SweepGrain> logger)
    {
        (_home, _health, _use, _clock, _logger) = (home, health, use, new SteadyClock(time), logger);
        _live = new LiveProgress(time);
        _store = new SweepStore(this.GetGrainId(), storage, health);
        _writer = new RecordWriter(_store, NotWritten);
        _slots = new SweepSlots(Key, GrainFactory, time, logger);
        _shared = new SharedLookup(Key, home, time);
        _reminder = new SweepReminder(this);
        _logs = new TrialLogs((folder, problem) => LogNoTrialLog(Key, folder, problem));
    }

    private string Key => this.GetPrimaryKeyString();

    private string Experiment => Key[..Key.IndexOf('/', StringComparison.Ordinal)];

    private DateTimeOffset Now => _clock.Now;

    private ISweepIndexGrain Index => GrainFactory.GetGrain<ISweepIndexGrain>("default");

    private bool Driven => _timer is not null;

    private bool Running => _state?.Header.Status == SweepStatus.Running;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _logs.FinishAsync(_store.Submission.Directory);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await _store.LoadAsync() is not { } state) return;
        Adopt(state);
        _recoverDue = true;
        // Whoever called: a sweep that is not done goes on, unless this silo was started for something else.
        if (!_store.Ended && _use.Drives(Key)) await StartDrivingAsync();
    }

    public async Task<SubmitReply> SubmitAsync(SubmitSweep request)
    {
        if (SweepSubmission.ProblemOf(Key, request, _home) is { } problem) return new SubmitReply(Key, 0, Existing: false, problem);
        if (_state is not null)
        {
            if (!_store.Ended) await StartDrivingAsync();
            var same = SweepSpecJson.Write(_state.Spec) == SweepSpecJson.Write(request.Spec) && _store.Submission.BaseDirectory == request.BaseDirectory;
            return new SubmitReply(Key, _state.Grid.Trials.Count, Existing: true, same ? null : $"there is a sweep '{request.Name}' already, made of another file; choose another name");
        }
        SweepState state;
        try
        {
            state = SweepSubmission.Expand(request, (await GrainFactory.GetGrain<IDeviceRegistryGrain>("default").ListAsync()).Length, Now);
        }
        catch (SweepException e)
        {
            return new SubmitReply(Key, 0, Existing: false, e.Message);
        }
        await _writer.RunAsync(() => _store.CreateAsync(SweepSubmission.Of(request, state), state));
        Adopt(state);
        await Index.AddAsync(Key);
        await StartDrivingAsync();
        return new SubmitReply(Key, state.Grid.Trials.Count, Existing: false, null);
    }

    public Task<Wire.SweepStatus> GetStatusAsync() => Task.FromResult(SweepStatusView.Status(Key, _state, _store, _live, _events.Last, Driven) with { Problem = _health.ProblemOf(Key) });

    public Task<SweepProgress> GetProgressAsync() => Task.FromResult(SweepStatusView.Progress(Key, _state, _store, _live, Driven) with { Problem = _health.ProblemOf(Key) });

    public async Task CancelAsync()
    {
        if (_state is null || await ApplyAsync(new CancelRequested("cancelled by the user")) != Verdict.Accepted) return;
        await _writer.WriteAsync(_state);
        await StartDrivingAsync();
        DriveSoon();
    }

    public async Task ResumeAsync(bool retryFailed)
    {
        if (_state is not { } state) return;
        // Before it goes on: a list that is made in between asks this sweep, and says what it says.
        if (_store.Ended) await TellExperimentAsync(SweepStatusView.Progress(Key, state, _store, _live, Driven) with { State = ExperimentGrain.Unfinished });
        if (await ApplyAsync(new ResumeRequested(retryFailed)) == Verdict.Accepted)
            await _writer.RunAsync(async () =>
            {
                await _store.WriteReportAsync(new StoredReport());
                await _store.WriteEndedAsync(state, ended: false);
            });
        if (!Running)
        {
            if (_store.Ended) await TellExperimentAsync(SweepStatusView.Progress(Key, state, _store, _live, Driven));
            return;
        }
        await Index.AddAsync(Key);
        await StartDrivingAsync();
    }

    public Task WakeAsync() => _state is null || _store.Ended ? Task.CompletedTask : StartDrivingAsync();

    /// <summary>As <see cref="WakeAsync"/>; one that was left over is removed.</summary>
    public Task ReceiveReminder(string reminderName, TickStatus status) => _state is null || _store.Ended ? _reminder.RemoveAsync() : Task.CompletedTask;

    public Task<SweepDetails?> ShowAsync() => Task.FromResult(SweepDetailsView.Of(Key, _state, _store, Driven));

    public Task<TrialDetails?> ShowTrialAsync(string trial) => Task.FromResult(SweepDetailsView.OfTrial(trial, _state, _store, Driven));

    public async Task<DeleteReply> DeleteAsync(bool keepAdapters)
    {
        if (_state is not { } state) return new DeleteReply(null, Unfinished: false);
        if (!_store.Ended) return new DeleteReply($"the sweep {Key} is not done: cancel it first", Unfinished: true);
        await _deleting;
        await _logs.FinishAsync(_store.Submission.Directory);
        var (folder, kept) = (_store.Submission.Directory, keepAdapters ? _home.KeptAdapters(Experiment, _store.Submission.Name) : null);
        try
        {
            // The files first: where that is cut short, the sweep is still there to be deleted.
            await Task.Run(() => SweepFiles.Delete(state, folder, kept));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new DeleteReply($"{folder} cannot be deleted: {e.Message}", Unfinished: false);
        }
        await _writer.RunAsync(_store.DeleteAsync);
        _state = null;
        DeactivateOnIdle();
        return new DeleteReply(null, Unfinished: false);
    }

    public async Task<ReportFiles> WriteReportAsync(CancellationToken cancellationToken)
    {
        var files = await SweepReports.WriteAsync(_state ?? throw new OrleansException($"there is no sweep {Key}"), _store.Submission.Directory, Now, Driven, cancellationToken);
        await _writer.RunAsync(() => _store.WriteReportAsync(new StoredReport { Html = files.Html }));
        return files;
    }

    public async IAsyncEnumerable<WatchedEvent> WatchAsync(long afterSequence, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Only reads of a ring that turns append to: an iterator interleaves with every other call.
        while (!cancellationToken.IsCancellationRequested)
        {
            var arrived = _events.Arrived;
            foreach (var watched in _events.After(afterSequence))
            {
                afterSequence = watched.Sequence;
                yield return watched;
            }
            // The last event is told one tick after the last trial has ended, when the end has been dealt with.
            if (_state is null || (!Running && _store.Ended)) yield break;
            await arrived.WaitAsync(cancellationToken);
        }
    }

    public async Task<ReportAnswer> ReportAsync(SlotReport report)
    {
        if (_state is not { } state) return new ReportAnswer(Current: false);
        _slots.Heard(report.Fence);
        var work = state.Leases.GetValueOrDefault(report.Fence);
        var (verdict, ended, advanced) = (Verdict.Accepted, false, false);
        foreach (var said in report.Events)
        {
            if (said is ProgressEvent progress) _live.Set(report.Pack, progress);
            if (_reader!.InputOf(said, report.Slot) is not { } input) continue;
            ended |= input is AssignmentDone or AssignmentFailed or StartRefused;
            advanced |= input is CheckpointReported or AssignmentDone;
            verdict = await ApplyAsync(input);
        }
        if (!ended) verdict = await ApplyAsync(new LeaseRenewed(report.Fence));
        if (ended)
        {
            // The next assignment need not wait for the tick.
            await ApplyAsync(new SlotFreed(report.Slot));
            DriveSoon();
        }
        // A report that says nothing new may repeat one that is being written.
        await (state.IsDirty ? _writer.WriteAsync(state) : _writer.Settled);
        if (advanced && work is not null) DeleteSuperseded(state, work, report.Fence);
        return new ReportAnswer(verdict != Verdict.Stale);
    }

    public Task SlotsChangedAsync()
    {
        _slots.Changed();
        DriveSoon();
        return Task.CompletedTask;
    }

    public Task<TrainedModel> LocateAsync(string trial) => SweepStatusView.LocateAsync(Key, trial, _state, _store.Submission);

    private void Adopt(SweepState state) => (_state, _reader) = (state, new WorkerReports(state));

    private async Task StartDrivingAsync()
    {
        _use.Begin(Key);
        _timer ??= this.RegisterGrainTimer(DriveAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = _tick, KeepAlive = true });
        await _reminder.AddAsync();
    }

    private void DriveSoon() => _timer?.Change(TimeSpan.Zero, _tick);

    /// <summary>One tick: leases lapse, free slots get packs, what changed is written, and the end is dealt with.</summary>
    private async Task DriveAsync(CancellationToken cancellationToken)
    {
        if (_state is not { } state) return;
        try
        {
            if (Running)
            {
                if (_recoverDue) await ApplyAsync(new Recovered());
                _recoverDue = false;
                if (!_store.Submission.Fresh)
                    foreach (var found in await _shared.FindAsync(state)) await ApplyAsync(found);
                foreach (var slot in await _slots.RefreshAsync(state)) await ApplyAsync(new SlotLost(slot));
                await ApplyAsync(new Drive(await _slots.OffersAsync(state)));
            }
        }
        finally
        {
            _logs.Flush(_store.Submission.Directory);
            // Also where the registry cannot be reached.
            if (state.IsDirty) await _writer.WriteAsync(state);
        }
        if (!Running) await EndAsync(state);
    }

    private async Task<Verdict> ApplyAsync(SweepInput input)
    {
        var outcome = SweepMachine.Apply(_state!, input, Now);
        // Events keep the order of what happened: another input may be applied while this one's changes are written.
        foreach (var emit in outcome.Effects.OfType<Emit>())
        {
            _events.Add(emit.Event);
            _logs.Add(_state!, emit.Event);
        }
        var starts = new List<Task<StartRefused?>>();
        foreach (var effect in outcome.Effects)
            switch (effect)
            {
                case Persist { BeforeOthers: true }:
                    await _writer.WriteAsync(_state!);
                    break;
                case StartAssignment start:
                    var to = start.Assignment;
                    LogStarting(Key, to.Name, to.Slot, to.Fence);
                    starts.Add(_slots.StartAsync(to.Slot, new SlotAssignment(Key, to.Name, to.Fence, AssignmentJobs.Of(Key, _state!, _store.Submission, to, _home))));
                    break;
                case StopAssignment stop:
                    await GrainFactory.GetGrain<ITrainerGrain>(stop.Slot).StopAsync(Key, stop.Fence);
                    break;
                case Completed:
                    DriveSoon();
                    break;
            }
        foreach (var refusal in await Task.WhenAll(starts))
            if (refusal is not null) await ApplyAsync(refusal);
        return outcome.Verdict;
    }

    /// <summary>What is in memory is ahead of the record now: the next activation goes on from the record.</summary>
    private void NotWritten(Exception e)
    {
        LogNotWritten(Key, e.Message);
        DeactivateOnIdle();
    }

    /// <summary>
    /// Nobody waits for it, since nothing depends on it: what is left over is deleted with the next. Deletions come one after the other.
    /// </summary>
    private void DeleteSuperseded(SweepState state, WorkState work, long fence)
    {
        var (folder, kept) = (Path.Combine(_store.Submission.Directory, work.Name), FenceFolders.ReferredTo(state, work));
        _deleting = DeleteAsync(_deleting);

        async Task DeleteAsync(Task before)
        {
            await before;
            try
            {
                await Task.Run(() => FenceFolders.DeleteSuperseded(folder, fence, kept));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotDeleted(Key, folder, e.Message);
            }
        }
    }

    /// <summary>The sweep has ended: its slots go back, its report is written, its experiment hears of it. The next tick tries again where that fails.</summary>
    private async Task EndAsync(SweepState state)
    {
        await _logs.FinishAsync(_store.Submission.Directory);
        await _slots.ReleaseAllAsync();
        var report = await SweepReports.TryWriteAsync(state, _store.Submission.Directory, Now);
        if (report.Problem is not null) LogNoReport(Key, report.Problem);
        await _writer.RunAsync(async () =>
        {
            await _store.WriteReportAsync(report);
            await _store.WriteEndedAsync(state, ended: true);
        });
        await TellExperimentAsync(SweepStatusView.Progress(Key, state, _store, _live, Driven));
        await Index.RemoveAsync(Key);
        await _reminder.RemoveAsync();
        _timer?.Dispose();
        _timer = null;
        _use.End(Key);
        _events.Wake();
    }

    private Task TellExperimentAsync(SweepProgress progress)
        => GrainFactory.GetGrain<IExperimentGrain>(Experiment).UpdateAsync(SweepStatusView.Summary(progress, Now, _store.Report.Html));

    [LoggerMessage(Level = LogLevel.Warning, Message = "sweep {Sweep}: the trials' logs in {Folder} cannot be written: {Problem}")]
    private partial void LogNoTrialLog(string sweep, string folder, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "sweep {Sweep}: {Assignment} goes to {Slot} under fence {Fence}")]
    private partial void LogStarting(string sweep, string assignment, string slot, long fence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sweep {Sweep} has no report: {Problem}")]
    private partial void LogNoReport(string sweep, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sweep {Sweep}: superseded files in {Folder} stay: {Problem}")]
    private partial void LogNotDeleted(string sweep, string folder, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "the record of sweep {Sweep} could not be written: {Problem}")]
    private partial void LogNotWritten(string sweep, string problem);
}
