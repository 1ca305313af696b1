using AlpacaCot.Experiments.Expansion;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>How many trials stand where.</summary>
/// <param name="Total">All.</param>
/// <param name="Waiting">Wait for a slot.</param>
/// <param name="Active">Are with a slot.</param>
/// <param name="Succeeded">Ended well.</param>
/// <param name="Failed">Ended for a reason that is kept.</param>
/// <param name="Cancelled">Stopped by the user.</param>
public sealed record SweepCounts(int Total, int Waiting, int Active, int Succeeded, int Failed, int Cancelled);

/// <summary>Everything to be shown of one trial.</summary>
public sealed record TrialView
{
    /// <summary>The trial.</summary>
    public required Trial Trial { get; init; }

    /// <summary>Where it stands.</summary>
    public required TrialStatus Status { get; init; }

    /// <summary>What it is doing.</summary>
    public required TrialPhase Phase { get; init; }

    /// <summary>The training that it asks; <see cref="TrainingRun.Trials"/> share it. Null for an untuned base.</summary>
    public required TrainingRun? Training { get; init; }

    /// <summary>The number of its pack.</summary>
    public required int Pack { get; init; }

    /// <summary>The fence that its adapter was trained under (0 where it was taken over), else its pack's; of an untuned base that of its evaluation.</summary>
    public long Fence { get; init; }

    /// <summary>Starts of its pack, and of its evaluations beyond the first.</summary>
    public int Attempts { get; init; }

    /// <summary>Starts of its pack that ended badly and brought nothing.</summary>
    public int Strikes { get; init; }

    /// <summary>Ends of its pack for lack of memory.</summary>
    public int OutOfMemoryEnds { get; init; }

    /// <summary>Whether its pack's composition changed on the way, so that its numbers may move within rounding.</summary>
    public bool Split { get; init; }

    /// <summary>The slot that has it, or had it last.</summary>
    public string? Slot { get; init; }

    /// <summary>Optimiser steps taken.</summary>
    public int Step { get; init; }

    /// <summary>The last reported loss.</summary>
    public double? Loss { get; init; }

    /// <summary>The trained adapter; null before.</summary>
    public TrainedAdapter? Adapter { get; init; }

    /// <summary>The accepted evaluations.</summary>
    public IReadOnlyList<EvaluationResult> Results { get; init; } = [];

    /// <summary>The other sweep that its adapter or a result was taken over from; null where all of it is this sweep's.</summary>
    public string? TakenOverFrom { get; init; }

    /// <summary>The evaluations that cannot be had.</summary>
    public IReadOnlyList<EvaluationFailure> Failures { get; init; } = [];

    /// <summary>Evaluation and metric to value: <c>goat-arithmetic/exact_match</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Why it failed.</summary>
    public Failure? Failure { get; init; }
}

/// <summary>Reads a state for people.</summary>
public static class SweepViews
{
    /// <summary>How many trials stand where.</summary>
    public static SweepCounts Count(this SweepState state)
    {
        int waiting = 0, active = 0, succeeded = 0, failed = 0, cancelled = 0;
        var evaluated = state.Active.Values.OfType<EvaluationState>().SelectMany(e => e.Trials).ToHashSet();
        foreach (var pack in state.Packs)
            foreach (var (member, trial) in pack.Members.SelectMany(m => m.Trials.Select(t => (m, t))))
                switch (trial.Status)
                {
                    case TrialStatus.Succeeded: succeeded++; break;
                    case TrialStatus.Failed: failed++; break;
                    case TrialStatus.Cancelled: cancelled++; break;
                    default:
                        if (pack.Active && member.Status == TrialStatus.Pending || evaluated.Contains(trial.Trial)) active++;
                        else waiting++;
                        break;
                }
        return new SweepCounts(state.Grid.Trials.Count, waiting, active, succeeded, failed, cancelled);
    }

    /// <summary>All trials, in the grid's order.</summary>
    public static IEnumerable<TrialView> View(this SweepState state) => state.Grid.Trials.Select(t => state.View(t.Index));

    /// <summary>One trial.</summary>
    public static TrialView View(this SweepState state, int trial)
    {
        var (pack, member, record) = state.Find(trial);
        var trained = member.Status != TrialStatus.Pending;
        WorkState? work = trained ? state.Active.Values.OfType<EvaluationState>().FirstOrDefault(e => e.Trials.Contains(trial)) : pack;
        return new TrialView
        {
            Trial = state.Grid.Trials[trial],
            Status = record.Status,
            Phase = record.Status != TrialStatus.Pending ? TrialPhase.Ended
                : work?.Status switch
                {
                    PackStatus.Leased => TrialPhase.Starting,
                    PackStatus.Running => trained ? TrialPhase.Evaluating : TrialPhase.Training,
                    _ => TrialPhase.Waiting,
                },
            Training = member.Training is { } training ? state.Grid.Trainings[training] : null,
            Pack = pack.Index,
            Fence = pack.IsUntuned ? work?.Fence ?? record.Results.Select(r => r.Fence).DefaultIfEmpty().Max() : member.Adapter?.Fence ?? pack.Fence,
            Attempts = pack.IsUntuned ? record.EvaluationStarts : pack.Starts + Math.Max(0, record.EvaluationStarts - 1),
            Strikes = pack.Strikes,
            OutOfMemoryEnds = pack.OutOfMemoryEnds,
            Split = pack.SplitFrom is not null,
            Slot = work?.Slot ?? pack.Slot,
            Step = member.Step,
            Loss = member.Loss,
            Adapter = member.Adapter,
            Results = record.Results,
            Failures = record.Failures,
            TakenOverFrom = member.Adapter?.From ?? record.Results.Find(r => r.From is not null)?.From,
            Metrics = record.Results.SelectMany(r => r.Metrics.Select(m => ($"{r.Evaluation}/{m.Key}", m.Value)))
                .ToDictionary(m => m.Item1, m => m.Value, StringComparer.Ordinal),
            Failure = record.Failure,
        };
    }
}
