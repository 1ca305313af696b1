using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Workers;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What a worker said, as inputs of the state machine.</summary>
internal sealed class WorkerReports(SweepState state)
{
    private readonly Dictionary<string, int> _trainings = state.Grid.Trainings.ToDictionary(t => t.Name, t => t.Index, StringComparer.Ordinal);
    private readonly Dictionary<string, int> _trials = state.Grid.Trials.ToDictionary(t => t.Name, t => t.Index, StringComparer.Ordinal);

    /// <summary>The input that an event stands for; null for events that only tell that the worker lives.</summary>
    public SweepInput? InputOf(WorkerEvent said, string slot) => said switch
    {
        StartedEvent e => new StartAccepted(slot, e.Fence),
        ProgressEvent { Phase: "train", Member: { } member, Loss: { } loss } e when _trainings.TryGetValue(member, out var training)
            => new ProgressReported(e.Fence, training, (int)e.Step, loss, e.TokensPerSecond ?? 0),
        CheckpointEvent e => new CheckpointReported(e.Fence, e.Uri, (int)e.Step, e.Sha256),
        TrainedEvent e when _trainings.TryGetValue(e.Member, out var training)
            => new MemberTrained(e.Fence, training, new TrainedAdapter(e.AdapterDirectory, e.Sha256, (int)e.Steps, e.FinalLoss, e.Seconds, e.Tokens)),
        ResultEvent e when _trials.TryGetValue(e.Trial, out var trial)
            => new ResultReported(e.Fence, trial, new EvaluationResult(e.Evaluation, e.Metrics, e.Items, e.Seconds, e.ResultFile, PromptsCut: e.PromptsCut)),
        EvaluationFailedEvent e when _trials.TryGetValue(e.Trial, out var trial) => new EvaluationFailed(e.Fence, trial, e.Evaluation, KindOf(e.Kind), e.Message),
        FailedEvent { Member: { } member } e when _trainings.TryGetValue(member, out var training) => new MemberFailed(e.Fence, training, KindOf(e.Kind), e.Message),
        FailedEvent e when e.Message.StartsWith(SlotFailures.StartPrefix, StringComparison.Ordinal)
            => new StartRefused(slot, e.Fence, RefusalKind.Unavailable, e.Message[SlotFailures.StartPrefix.Length..]),
        FailedEvent e => new AssignmentFailed(e.Fence, KindOf(e.Kind), e.Message),
        DoneEvent e => new AssignmentDone(e.Fence),
        _ => null,
    };

    // A worker is told to stop only for a fence that no longer counts, or because the silo stops: neither is the trial's fault.
    private static FailureKind KindOf(FailureKind kind) => kind == FailureKind.Cancelled ? FailureKind.Preempted : kind;
}
