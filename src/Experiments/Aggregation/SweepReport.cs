using System.Text.Json.Serialization;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>One trial as a report shows it.</summary>
public sealed record ReportTrial
{
    /// <summary>The stable name.</summary>
    public required string Name { get; init; }

    /// <summary>The name without the seed.</summary>
    public required string Group { get; init; }

    /// <summary>Axis to name, seed included.</summary>
    public required IReadOnlyDictionary<string, string> Factors { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Where it stands.</summary>
    [JsonPropertyName("state")]
    public required TrialStatus Status { get; init; }

    /// <summary><c>evaluation/metric</c> to value; <c>training/loss</c> too.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>The training that it asks.</summary>
    public required string Training { get; init; }

    /// <summary>Trials that ask the same adapter, itself included.</summary>
    public int SharedBy { get; init; } = 1;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; }

    /// <summary>Where it comes from.</summary>
    public LearningRateSource LearningRateSource { get; init; }

    /// <summary>Starts of its pack.</summary>
    public int Attempts { get; init; }

    /// <summary>The fence under which it was completed; 0 where all of it came from the cache.</summary>
    public long Fence { get; init; }

    /// <summary>The number of its pack.</summary>
    public int Pack { get; init; }

    /// <summary>Whether its pack's composition changed on the way, so that its numbers may move within rounding.</summary>
    public bool Split { get; init; }

    /// <summary>The slot that completed it.</summary>
    public string? Slot { get; init; }

    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; }

    /// <summary>Real tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>Seconds of its training (shared by <see cref="SharedBy"/> trials).</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Seconds of its evaluations.</summary>
    public double EvaluationSeconds { get; init; }

    /// <summary>Where its adapter lies.</summary>
    public string? Adapter { get; init; }

    /// <summary>The other sweep that its adapter or a result was taken over from; null where all of it is this sweep's.</summary>
    public string? TakenOverFrom { get; init; }

    /// <summary>Why it failed.</summary>
    public Failure? Failure { get; init; }
}

/// <summary>One point of a loss curve.</summary>
/// <param name="Step">Optimiser step, from 1.</param>
/// <param name="Loss">The step's loss.</param>
public readonly record struct CurvePoint(int Step, double Loss);

/// <summary>The losses of one training.</summary>
/// <param name="Training">The training's stable name (<see cref="TrainingRun.Name"/>).</param>
/// <param name="Points">Points in the order of steps; any density.</param>
public sealed record LossCurve(string Training, IReadOnlyList<CurvePoint> Points);

/// <summary>A loss curve with its place in the grid.</summary>
/// <param name="Training">The training's stable name.</param>
/// <param name="Model">Name of the axis value.</param>
/// <param name="Peft">Name of the axis value.</param>
/// <param name="Data">Name of the axis value.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Points">At most a few hundred points.</param>
public sealed record ReportCurve(string Training, string Model, string Peft, string Data, int Seed, IReadOnlyList<CurvePoint> Points);

/// <summary>How the work was spent.</summary>
/// <param name="Trainings">Adapters trained.</param>
/// <param name="Packs">Packs.</param>
/// <param name="Starts">Starts of packs.</param>
/// <param name="LastFence">The newest fence.</param>
/// <param name="StaleReports">Reports under an old fence that were turned away.</param>
/// <param name="DuplicateReports">Reports that had been accepted before.</param>
/// <param name="FromCache">Trials whose adapter or a result was taken over from other sweeps.</param>
/// <param name="Tokens">Real tokens trained on.</param>
/// <param name="TrainingSeconds">Seconds of training, over all adapters.</param>
/// <param name="EvaluationSeconds">Seconds of evaluation, over all trials.</param>
/// <param name="WallSeconds">Seconds from the sweep's start to its end (or to now).</param>
public sealed record Accounting(
    int Trainings, int Packs, int Starts, long LastFence, long StaleReports, long DuplicateReports, int FromCache, long Tokens, double TrainingSeconds, double EvaluationSeconds, double WallSeconds);

/// <summary>Everything that a report says, before it is written in any form.</summary>
public sealed record SweepReport
{
    /// <summary>The sweep's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is about.</summary>
    public string Description { get; init; } = "";

    /// <summary>Where it stands.</summary>
    public required SweepStatus Status { get; init; }

    /// <summary>How many trials stand where.</summary>
    public required SweepCounts Counts { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended, or when the report was made.</summary>
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>The metric that ranks groups; null where nothing was measured.</summary>
    public string? PrimaryMetric { get; init; }

    /// <summary>All metrics, the primary one first.</summary>
    [JsonPropertyName("aggregates")]
    public required IReadOnlyList<MetricSummary> Metrics { get; init; }

    /// <summary>All trials, in the grid's order.</summary>
    public required IReadOnlyList<ReportTrial> Trials { get; init; }

    /// <summary>Loss curves of all trainings that have one.</summary>
    public required IReadOnlyList<ReportCurve> Curves { get; init; }

    /// <summary>How the work was spent.</summary>
    public required Accounting Accounting { get; init; }

    /// <summary>What the reader should know before believing the numbers, one sentence each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Machine, versions and the like, for who wants to repeat it.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The spec's canonical JSON.</summary>
    public required string Spec { get; init; }
}
