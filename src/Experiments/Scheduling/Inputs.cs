using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Something that happened to a sweep; <see cref="SweepMachine.Apply"/> says what follows.</summary>
public abstract record SweepInput;

/// <summary>A tick: leases lapse, and idle slots get work.</summary>
/// <param name="Slots">The slots that may work for this sweep, as last heard.</param>
public sealed record Drive(IReadOnlyList<SlotOffer> Slots) : SweepInput;

/// <summary>A slot as last heard.</summary>
/// <param name="Slot">The slot, <c>node/device</c>.</param>
/// <param name="Fence">The fence of this sweep's assignment that it runs; null where it is idle.</param>
public sealed record SlotOffer(string Slot, long? Fence = null);

/// <summary>The sweep's record was read again after its process ended: what was running may be gone.</summary>
public sealed record Recovered : SweepInput;

/// <summary>The slot is gone with its node: what it had waits again, which is no attempt. Should it still work somewhere, its fence no longer counts.</summary>
/// <param name="Slot">The slot.</param>
public sealed record SlotLost(string Slot) : SweepInput;

/// <summary>The slot is at the end of what it did, whatever that was: it need not be left alone any longer because it is busy.</summary>
/// <param name="Slot">The slot.</param>
public sealed record SlotFreed(string Slot) : SweepInput;

/// <summary>The slot has started the assignment (or runs it already).</summary>
public sealed record StartAccepted(string Slot, long Fence) : SweepInput;

/// <summary>Why a slot did not start.</summary>
public enum RefusalKind
{
    /// <summary>It does something else.</summary>
    Busy,

    /// <summary>It could not be reached, or its worker could not be started.</summary>
    Unavailable,

    /// <summary>It has seen a newer fence.</summary>
    Stale,
}

/// <summary>The slot did not start; this is no attempt.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Fence">The assignment's fence.</param>
/// <param name="Kind">Why.</param>
/// <param name="Message">One line.</param>
/// <param name="SeenFence">The newest fence that the slot has seen; 0 where it does not say.</param>
public sealed record StartRefused(string Slot, long Fence, RefusalKind Kind, string Message, long SeenFence = 0) : SweepInput;

/// <summary>Whatever a slot reports about its assignment. It counts only under the current fence.</summary>
/// <param name="Fence">The assignment's fence.</param>
public abstract record SlotReport(long Fence) : SweepInput;

/// <summary>The slot still works.</summary>
public sealed record LeaseRenewed(long Fence) : SlotReport(Fence);

/// <summary>A member has taken steps.</summary>
/// <param name="Fence">The assignment's fence.</param>
/// <param name="Training">Index in <see cref="Grid.Trainings"/>.</param>
/// <param name="Step">Steps taken.</param>
/// <param name="Loss">Loss of the last step.</param>
/// <param name="TokensPerSecond">Real tokens a second over all members.</param>
public sealed record ProgressReported(long Fence, int Training, int Step, double Loss, double TokensPerSecond) : SlotReport(Fence);

/// <summary>A checkpoint of the whole pack is on disk.</summary>
public sealed record CheckpointReported(long Fence, string Uri, int Step, string Sha256) : SlotReport(Fence);

/// <summary>A member is trained and its adapter on disk.</summary>
public sealed record MemberTrained(long Fence, int Training, TrainedAdapter Adapter) : SlotReport(Fence);

/// <summary>A member cannot go on; the others do.</summary>
public sealed record MemberFailed(long Fence, int Training, FailureKind Kind, string Message) : SlotReport(Fence);

/// <summary>A trial has answered an evaluation.</summary>
public sealed record ResultReported(long Fence, int Trial, EvaluationResult Result) : SlotReport(Fence);

/// <summary>One evaluation of one trial cannot be had; its others and other trials' go on.</summary>
public sealed record EvaluationFailed(long Fence, int Trial, string Evaluation, FailureKind Kind, string Message) : SlotReport(Fence);

/// <summary>The assignment is at its end.</summary>
public sealed record AssignmentDone(long Fence) : SlotReport(Fence);

/// <summary>
/// The assignment has ended before its end. <see cref="FailureKind.NonFinite"/> and <see cref="FailureKind.Data"/> end all that is left of it (members of a pack, or the
/// evaluations that it held), so a worker reports <see cref="MemberFailed"/> or <see cref="EvaluationFailed"/> where it knows which.
/// </summary>
public sealed record AssignmentFailed(long Fence, FailureKind Kind, string Message) : SlotReport(Fence);

/// <summary>An adapter of this training key was found in the home's cache; it need not be trained. Ignored once a slot has had the pack.</summary>
public sealed record AdapterFromCache(int Training, TrainedAdapter Adapter) : SweepInput;

/// <summary>A result of this result key was found in the home's cache; it need not be computed. Ignored while a slot has the trial.</summary>
public sealed record ResultFromCache(int Trial, EvaluationResult Result) : SweepInput;

/// <summary>The user stops the sweep.</summary>
public sealed record CancelRequested(string Reason) : SweepInput;

/// <summary>The user wants an ended sweep to go on: cancelled trials again, and failed ones where asked.</summary>
public sealed record ResumeRequested(bool RetryFailed) : SweepInput;
