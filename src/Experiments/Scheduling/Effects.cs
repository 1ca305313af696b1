using System.Text.Json.Serialization;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Something that must be done because of an input. Effects come in the order in which they must be done.</summary>
public abstract record SweepEffect;

/// <summary>Parts of the record have changed (<see cref="SweepState.CollectChanges"/> says which).</summary>
/// <param name="BeforeOthers">True: write before any effect after this one (an intent must be on disk before its effect). False: the next tick's
/// write will do.</param>
public sealed record Persist(bool BeforeOthers) : SweepEffect;

/// <summary>Give the assignment to its slot, and answer with <see cref="StartAccepted"/> or <see cref="StartRefused"/>.</summary>
public sealed record StartAssignment(Assignment Assignment) : SweepEffect;

/// <summary>Tell the slot to stop; what it still sends will be stale.</summary>
public sealed record StopAssignment(string Slot, long Fence, string Reason) : SweepEffect;

/// <summary>Tell watchers.</summary>
public sealed record Emit(SweepEvent Event) : SweepEffect;

/// <summary>Every trial has ended: write the report.</summary>
public sealed record Completed(SweepStatus Status) : SweepEffect;

/// <summary>What became of an input.</summary>
/// <param name="Verdict">Whether it counts; to be answered to whoever sent it.</param>
/// <param name="Effects">What must be done, in this order.</param>
public sealed record Outcome(Verdict Verdict, IReadOnlyList<SweepEffect> Effects);

/// <summary>What watchers are told.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SweepEventKind>))]
public enum SweepEventKind
{
    /// <summary>Work was given to a slot.</summary>
    Leased,

    /// <summary>The slot works on it.</summary>
    Started,

    /// <summary>The slot could not start it.</summary>
    Refused,

    /// <summary>An attempt ended before its end; the work waits again.</summary>
    Retried,

    /// <summary>A pack that ran out of memory twice, or an evaluation that kept ending badly, goes on in smaller parts.</summary>
    Split,

    /// <summary>Nothing of the work is left to do.</summary>
    Ended,

    /// <summary>A member has taken steps.</summary>
    Progress,

    /// <summary>A checkpoint was accepted.</summary>
    Checkpoint,

    /// <summary>A member is trained.</summary>
    MemberTrained,

    /// <summary>A member has failed.</summary>
    MemberFailed,

    /// <summary>An evaluation was accepted.</summary>
    Result,

    /// <summary>An evaluation of a trial has failed.</summary>
    EvaluationFailed,

    /// <summary>A trial has succeeded.</summary>
    TrialSucceeded,

    /// <summary>A trial has failed.</summary>
    TrialFailed,

    /// <summary>The record was read again after its process ended.</summary>
    Recovered,

    /// <summary>The sweep goes on.</summary>
    Resumed,

    /// <summary>The sweep was stopped.</summary>
    Cancelled,

    /// <summary>Every trial has ended.</summary>
    Completed,
}

/// <summary>One thing that watchers are told.</summary>
/// <param name="Seq">Rises with every event of a sweep, over restarts too; it may skip.</param>
/// <param name="At">The sweep's clock.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Message">One line for people.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record SweepEvent(long Seq, DateTimeOffset At, SweepEventKind Kind, string Message)
{
    /// <summary>The work's name, <see cref="WorkState.Name"/>.</summary>
    public string? Work { get; init; }

    /// <summary>The slot.</summary>
    public string? Slot { get; init; }

    /// <summary>The fence.</summary>
    public long? Fence { get; init; }

    /// <summary>The training's stable name.</summary>
    public string? Training { get; init; }

    /// <summary>The trial's stable name.</summary>
    public string? Trial { get; init; }

    /// <summary>Optimiser steps taken.</summary>
    public int? Step { get; init; }

    /// <summary>The loss.</summary>
    public double? Loss { get; init; }

    /// <summary>Real tokens a second over all members.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Evaluation and metric to value (<c>goat-arithmetic/exact_match</c>).</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }
}
