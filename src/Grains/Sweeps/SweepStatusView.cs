using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs.Methods;
using PackStatus = AlpacaCot.Experiments.Scheduling.PackStatus;
using Phase = AlpacaCot.Experiments.Scheduling.TrialPhase;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;
using TrialStatus = AlpacaCot.Grains.Contracts.TrialStatus;
using Wire = AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>A sweep's state as wire records.</summary>
internal static class SweepStatusView
{
    /// <summary>The state of a sweep that is not done and that nothing drives: its silo ended before it did.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>The whole sweep.</summary>
    /// <param name="key">Its grain key.</param>
    /// <param name="state">Its record; null where there is none.</param>
    /// <param name="store">What is stored beside it.</param>
    /// <param name="live">What its workers have told.</param>
    /// <param name="sequence">Sequence number of the last event.</param>
    /// <param name="driven">Whether a silo drives it now; where none does, nothing of it runs, whatever ran when its record was written.</param>
    public static SweepStatus Status(string key, SweepState? state, SweepStore store, LiveProgress live, long sequence, bool driven)
    {
        if (state is null) return new SweepStatus { Name = key, State = "unknown", Trials = [] };
        var views = state.View().ToList();
        return new SweepStatus
        {
            Name = store.Submission.Name,
            State = StateOf(state, store, views.Any(v => v.Status == Experiments.Scheduling.TrialStatus.Failed), driven),
            Driven = driven,
            Trials = [.. views.Select(view => Trial(view, driven))],
            Packs = [.. state.Packs.Where(p => !p.IsUntuned).OrderBy(p => p.Index).Select(pack => Pack(pack, pack.Members.Count, live, driven)), .. Evaluations(state, live, driven)],
            Sequence = sequence,
            Report = store.Report.Html,
        };
    }

    /// <summary>How far the sweep is.</summary>
    public static SweepProgress Progress(string key, SweepState? state, SweepStore store, LiveProgress live, bool driven)
    {
        if (state is null) return new SweepProgress { Name = key, State = "unknown" };
        var counts = state.Count();
        return new SweepProgress
        {
            Name = store.Submission.Name,
            State = StateOf(state, store, counts.Failed > 0, driven),
            Driven = driven,
            Trials = counts.Total,
            Done = counts.Succeeded,
            Failed = counts.Failed,
            Packs =
            [
                .. state.Packs.Where(pack => !pack.IsUntuned).OrderBy(pack => !pack.Active).ThenBy(pack => pack.Index).Take(SweepProgress.MostPacks).Select(pack => Pack(pack, pack.Members.Count, live, driven))
                    .Concat(Evaluations(state, live, driven)).OrderBy(work => work.Slot is null).Take(SweepProgress.MostPacks),
            ],
        };
    }

    /// <summary>Where a trial's model is.</summary>
    public static async Task<TrainedModel> LocateAsync(string key, string trial, SweepState? state, SweepSubmission submission)
    {
        static TrainedModel Missing(string problem) => new("", "", null, null, problem);
        if (state is null) return Missing($"there is no sweep {key}");
        if (state.Grid.Trials.FirstOrDefault(t => t.Name == trial) is not { } found) return Missing($"the sweep {key} has no trial '{trial}'");
        var adapter = state.View(found.Index).Adapter;
        if (adapter is null && !found.IsUntuned) return Missing($"the trial '{trial}' is not trained yet");
        var model = state.Spec.Models.First(m => m.Name == found.Model);
        var cot = state.Spec.Cot.First(c => c.Name == found.Cot);
        var (precision, asked) = (state.Spec.LoadOf(model), state.Spec.AskedThrough(cot, state.Spec.Data.FirstOrDefault(d => d.Name == found.Data), found.Template));
        // What trained the base itself left a whole model, which is served as a base of its own.
        if (adapter is not null && MethodCatalogue.Find(state.Spec.Peft.First(p => p.Name == found.Peft).Method) is { TrainsBase: true }) return new TrainedModel(adapter.Uri, precision, null, cot.Cue, null, asked);
        // Off the turn: the folder may be on a disk that is slow to answer.
        var path = await Task.Run(() => new Places(submission.BaseDirectory).Find(model.Reference));
        return new TrainedModel(path ?? model.Reference, precision, adapter?.Uri, cot.Cue, null, asked);
    }

    private static string StateOf(SweepState state, SweepStore store, bool anyFailed, bool driven) => state.Header.Status switch
    {
        Experiments.Scheduling.SweepStatus.Running => driven ? "running" : Interrupted,
        Experiments.Scheduling.SweepStatus.Cancelled => "cancelled",
        // All trials have ended, but the report is still being written.
        _ when !store.Ended => driven ? "running" : Interrupted,
        _ => anyFailed ? "failed" : "done",
    };

    /// <summary>The sweep in one line.</summary>
    public static SweepSummary Summary(SweepProgress progress, DateTimeOffset submitted, string? report)
        => new(progress.Name, progress.State, progress.Trials, progress.Done, progress.Failed, submitted, report);

    /// <summary>One trial.</summary>
    public static TrialStatus Trial(TrialView view, bool driven) => new()
    {
        Name = view.Trial.Name,
        State = view.Phase switch
        {
            Phase.Waiting => "pending",
            Phase.Starting or Phase.Training or Phase.Evaluating when !driven => "pending",
            Phase.Starting => "leased",
            Phase.Training or Phase.Evaluating => "running",
            _ => view.Status.ToString().ToLowerInvariant(),
        },
        Fence = view.Fence,
        Attempts = view.Attempts,
        Metrics = view.Metrics.Where(m => m.Key.Count(c => c == '/') == 1).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal),
        Message = view.Failure?.Message,
        Training = view.Training?.Name,
        TakenOverFrom = view.TakenOverFrom,
    };

    /// <summary>Evaluations that have begun and not ended stand beside the packs.</summary>
    private static IEnumerable<Wire.PackStatus> Evaluations(SweepState state, LiveProgress live, bool driven)
        => state.Evaluations.OrderBy(e => e.Index).Select(evaluation => Pack(evaluation, evaluation.Trials.Count, live, driven));

    private static Wire.PackStatus Pack(WorkState work, int members, LiveProgress live, bool driven)
    {
        var progress = work.Status == PackStatus.Running ? live.Of(work.Name) : null;
        return new Wire.PackStatus(
            work.Name, work.Active && !driven ? Interrupted : work.Status.ToString().ToLowerInvariant(), work.Active && driven ? work.Slot : null, work.Fence, work.Starts, members,
            progress?.Step ?? 0, progress?.Total ?? 0, progress?.Loss, progress?.TokensPerSecond, progress is null ? work.LastFailure?.Message : $"{progress.Phase} {progress.Member}".TrimEnd())
        {
            Phase = progress?.Phase, SecondsLeft = progress is null ? null : live.SecondsLeft(work.Name),
        };
    }
}
