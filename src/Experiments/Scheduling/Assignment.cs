namespace AlpacaCot.Experiments;

/// <summary>A pack as a slot gets it: train the members that are not trained yet, then evaluate what is missing, all on one loaded base.</summary>
/// <param name="Sweep">The sweep's name.</param>
/// <param name="Slot">The slot, <c>node/device</c>.</param>
/// <param name="Fence">The fence: part of every path that is written and of every report.</param>
/// <param name="Pack">The pack's number.</param>
/// <param name="Attempt">1 for the first start.</param>
/// <param name="Model">Name of the value of <c>models</c>.</param>
/// <param name="Kernel">How the work is cut.</param>
/// <param name="Checkpoint">Where to go on; null from the start.</param>
/// <param name="Members">All members in the checkpoint's order, ended ones too.</param>
public sealed record Assignment(
    string Sweep, string Slot, long Fence, int Pack, int Attempt, string Model, KernelSettings Kernel, CheckpointRef? Checkpoint, IReadOnlyList<AssignmentMember> Members);

/// <summary>One member of an assignment.</summary>
/// <param name="Training">The training.</param>
/// <param name="Train">Whether it must be trained (from the checkpoint); false where it is trained or has failed.</param>
/// <param name="Adapter">The trained adapter; null where there is none yet.</param>
/// <param name="Trials">What must be asked of it; none where it has failed.</param>
public sealed record AssignmentMember(TrainingRun Training, bool Train, TrainedAdapter? Adapter, IReadOnlyList<AssignmentTrial> Trials);

/// <summary>One trial of an assignment.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Evaluations">Names of the evaluations that are missing.</param>
public sealed record AssignmentTrial(Trial Trial, IReadOnlyList<string> Evaluations);
