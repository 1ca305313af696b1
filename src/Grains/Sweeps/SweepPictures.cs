using AlpacaCot.Experiments;
using AlpacaCot.Grains.Contracts;
using PackStatus = AlpacaCot.Experiments.PackStatus;
using Phase = AlpacaCot.Experiments.TrialPhase;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;
using TrialStatus = AlpacaCot.Grains.Contracts.TrialStatus;
using Wire = AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>A sweep's state as wire records.</summary>
internal static class SweepPictures
{
    /// <summary>The whole sweep.</summary>
    public static SweepStatus Status(string key, SweepState? state, SweepRecord record, LivePacks live, long sequence)
    {
        if (state is null) return new SweepStatus { Name = key, State = "unknown", Trials = [] };
        var views = state.View().ToList();
        return new SweepStatus
        {
            Name = record.Name,
            State = state.Header.Status switch
            {
                Experiments.SweepStatus.Running => "running",
                Experiments.SweepStatus.Cancelled => "cancelled",
                // All trials have ended, but the report is still being written.
                _ when !record.Ended => "running",
                _ => views.Any(v => v.Status == Experiments.TrialStatus.Failed) ? "failed" : "done",
            },
            Trials = [.. views.Select(Trial)],
            Packs = [.. state.Packs.OrderBy(p => p.Index).Select(pack => Pack(state, pack, live))],
            Sequence = sequence,
            Report = record.ReportHtml,
            Aggregates = record.Aggregates,
        };
    }

    /// <summary>The sweep in one line.</summary>
    public static SweepSummary Summary(SweepStatus status, DateTimeOffset now) => new(
        status.Name, status.State, status.Trials.Length, status.Trials.Count(t => t.State == "succeeded"), status.Trials.Count(t => t.State == "failed"), now, status.Report);

    private static TrialStatus Trial(TrialView view) => new()
    {
        Name = view.Trial.Name,
        State = view.Phase switch
        {
            Phase.Waiting => "pending",
            Phase.Starting => "leased",
            Phase.Training or Phase.Evaluating => "running",
            _ => view.Status.ToString().ToLowerInvariant(),
        },
        Fence = view.Fence,
        Attempts = view.Attempts,
        Metrics = view.Metrics.Where(m => m.Key.Count(c => c == '/') == 1).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal),
        Message = view.Failure?.Message,
        Training = view.Training.Name,
    };

    private static Wire.PackStatus Pack(SweepState state, PackState pack, LivePacks live)
    {
        var name = PackJobs.NameOf(pack.Index);
        var progress = pack.Status == PackStatus.Running ? live.Of(name) : null;
        return new Wire.PackStatus(
            name, pack.Status.ToString().ToLowerInvariant(), pack.Active ? pack.Slot : null, pack.Fence, pack.Starts, pack.Members.Count,
            progress?.Step ?? 0, progress?.Total ?? 0, progress?.Loss, progress?.TokensPerSecond, progress is null ? pack.LastFailure?.Message : $"{progress.Phase} {progress.Member}".TrimEnd());
    }
}
