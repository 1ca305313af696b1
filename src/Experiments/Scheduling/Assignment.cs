using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Work as a slot gets it.</summary>
/// <param name="Sweep">The sweep's name.</param>
/// <param name="Slot">The slot, <c>node/device</c>.</param>
/// <param name="Fence">The fence: part of every path that is written and of every report.</param>
/// <param name="Name">The work's name, <see cref="WorkState.Name"/>.</param>
/// <param name="Attempt">1 for the first start.</param>
/// <param name="Model">Name of the value of <c>models</c>.</param>
/// <param name="Kernel">How the work is cut.</param>
public abstract record Assignment(string Sweep, string Slot, long Fence, string Name, int Attempt, string Model, KernelSettings Kernel);

/// <summary>A pack to be trained.</summary>
public sealed record TrainingAssignment(
    string Sweep, string Slot, long Fence, string Name, int Attempt, string Model, KernelSettings Kernel) : Assignment(Sweep, Slot, Fence, Name, Attempt, Model, Kernel)
{
    /// <summary>The pack's number.</summary>
    public required int Pack { get; init; }

    /// <summary>Where to go on; null from the start.</summary>
    public CheckpointReference? Checkpoint { get; init; }

    /// <summary>The members that train together, those that are trained already too: they keep the pack's composition.</summary>
    public required IReadOnlyList<AssignmentMember> Members { get; init; }
}

/// <summary>Trained members and untuned bases to be asked.</summary>
public sealed record EvaluationAssignment(
    string Sweep, string Slot, long Fence, string Name, int Attempt, string Model, KernelSettings Kernel) : Assignment(Sweep, Slot, Fence, Name, Attempt, Model, Kernel)
{
    /// <summary>The members that are asked.</summary>
    public required IReadOnlyList<EvaluationMember> Members { get; init; }
}

/// <summary>One member of a pack.</summary>
/// <param name="Training">The training.</param>
/// <param name="Train">Whether it is to be trained; false where its adapter is accepted already.</param>
public sealed record AssignmentMember(TrainingRun Training, bool Train);

/// <summary>One trained member, or the untuned base, and what is asked of it.</summary>
/// <param name="Training">The training; null where the base is asked as it is.</param>
/// <param name="Adapter">The trained adapter; null likewise.</param>
/// <param name="Trials">What must be asked of it.</param>
public sealed record EvaluationMember(TrainingRun? Training, TrainedAdapter? Adapter, IReadOnlyList<AssignmentTrial> Trials);

/// <summary>One trial of an assignment.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Evaluations">Names of the evaluations that are missing.</param>
public sealed record AssignmentTrial(Trial Trial, IReadOnlyList<string> Evaluations);
