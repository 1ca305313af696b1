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

    /// <summary>The seed; 0, and no factor, of an untuned base whose answers are not drawn.</summary>
    public required int Seed { get; init; }

    /// <summary>Whether this is an untuned base: asked as the tuned trials are, without an adapter. It has no data and no training.</summary>
    public bool IsBase { get; init; }

    /// <summary>The group of the untuned base that is asked as this tuned trial is: what it is compared with. Null where there is none.</summary>
    public string? Base { get; init; }

    /// <summary>Where it stands.</summary>
    [JsonPropertyName("state")]
    public required TrialStatus Status { get; init; }

    /// <summary>What it was doing when the report was made, while it had not ended.</summary>
    [JsonIgnore]
    public TrialPhase Phase { get; init; } = TrialPhase.Ended;

    /// <summary><c>evaluation/metric</c> to value; <c>training/loss</c> too.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>The training that it asks; empty of an untuned base.</summary>
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

    /// <summary>The loss of guessing among all tokens, where its training ended there: nothing is left of what the base could do.</summary>
    public double? GuessingLoss { get; init; }

    /// <summary>The loss of the training's first step; null where it is not kept.</summary>
    public double? FirstLoss { get; init; }

    /// <summary>Where its adapter, its results and its samples lie.</summary>
    public IReadOnlyList<ReportFile> Files { get; init; } = [];

    /// <summary>Evaluation to what its files say, as far as they were read.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, ResultDetail> Details { get; init; } = new Dictionary<string, ResultDetail>();

    /// <summary>A metric's value with what is known of the noise of its items.</summary>
    internal Cells.Seeded Seeded(MetricTraits traits, double value)
    {
        var onScale = traits.ToScale(value);
        var detail = Details.GetValueOrDefault(MetricTraits.EvaluationOf(traits.Metric));
        var name = traits.Metric.Split('/', 2)[^1];
        var items = detail?.Items ?? 0;
        // The error of a logarithm is the relative one.
        double? error = detail?.Errors.TryGetValue(name, out var known) == true ? traits.Scale == MetricScale.Log ? known / value : known
            : traits.CountsSolved && items > 1 && value is >= 0 and <= 1 ? Math.Sqrt(value * (1 - value) / (items - 1)) : null;
        return new Cells.Seeded(onScale, detail?.Scores.GetValueOrDefault(name)?.Contributions(onScale, traits.Scale), error * error, items);
    }
}

/// <summary>A file or folder that belongs to a trial.</summary>
/// <param name="Kind">What it is: <c>adapter</c>, <c>results</c>, <c>samples</c>, <c>log</c>.</param>
/// <param name="Of">The evaluation that it is of; empty for an adapter.</param>
/// <param name="Path">Where it lies.</param>
public sealed record ReportFile(string Kind, string Of, string Path);

/// <summary>Trainings that ran together, and what that cost: the time is theirs in common.</summary>
/// <param name="Pack">Its number.</param>
/// <param name="Trainings">Names of the trainings.</param>
/// <param name="Slot">The slot that ran it last.</param>
/// <param name="Starts">How often it was started.</param>
/// <param name="Seconds">Seconds of training, counted once; 0 where all was taken over.</param>
/// <param name="Tokens">Real tokens trained on.</param>
public sealed record ReportPack(int Pack, IReadOnlyList<string> Trainings, string? Slot, int Starts, double Seconds, long Tokens);

/// <summary>A group's first right and first wrong answer under one evaluation.</summary>
/// <param name="Evaluation">The evaluation.</param>
/// <param name="Group">The group.</param>
/// <param name="Trial">The trial that answered.</param>
/// <param name="Right">Null where none is right.</param>
/// <param name="Wrong">Null where none is wrong.</param>
public sealed record GroupSamples(string Evaluation, string Group, string Trial, AnswerSample? Right, AnswerSample? Wrong);

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

    /// <summary>Where its record stands.</summary>
    [JsonIgnore]
    public required SweepStatus Status { get; init; }

    /// <summary>Whether trials are left and nothing drives it: its silo ended before it did.</summary>
    [JsonIgnore]
    public bool Interrupted { get; init; }

    /// <summary>Where it stands: <c>running</c>, <c>interrupted</c>, <c>completed</c>, <c>cancelled</c>.</summary>
    [JsonPropertyName("status")]
    public string StatusWord => Interrupted ? "interrupted" : Status.ToString().ToLowerInvariant();

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

    /// <summary>All trials, in the grid's order: untuned bases are the last.</summary>
    public required IReadOnlyList<ReportTrial> Trials { get; init; }

    /// <summary>What the data mixes became, in the order of the file; none where that is not known.</summary>
    public IReadOnlyList<DataArm> DataArms { get; init; } = [];

    /// <summary>Loss curves of all trainings that have one.</summary>
    public required IReadOnlyList<ReportCurve> Curves { get; init; }

    /// <summary>What was found, the most important first, one sentence or two each.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>A right and a wrong answer of every group.</summary>
    public IReadOnlyList<GroupSamples> Samples { get; init; } = [];

    /// <summary>What trained together.</summary>
    public IReadOnlyList<ReportPack> Packs { get; init; } = [];

    /// <summary>Hashes of what went in, by what it is: models, tokenizers, data, templates, suites, code.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; init; } = new Dictionary<string, string>();

    /// <summary>How the work was spent.</summary>
    public required Accounting Accounting { get; init; }

    /// <summary>What the reader should know before believing the numbers, one sentence each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Machine, versions and the like, for who wants to repeat it.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The spec's canonical JSON.</summary>
    public required string Spec { get; init; }
}
