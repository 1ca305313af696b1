using System.Text.Json.Serialization;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>A trained member.</summary>
/// <param name="Uri">The adapter's directory.</param>
/// <param name="Sha256">Hash of its weights.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="FinalLoss">Mean loss at the end.</param>
/// <param name="Seconds">Wall time of its training, over all attempts as the worker counts it.</param>
/// <param name="Tokens">Real tokens trained on, padding not counted.</param>
/// <param name="Fence">The fence that it was accepted under; 0 where it came from the cache.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TrainedAdapter(string Uri, string Sha256, int Steps, double FinalLoss, double Seconds, long Tokens, long Fence = 0)
{
    /// <summary>The sweep that it was taken over from; null where this one trained it.</summary>
    public string? From { get; init; }
}

/// <summary>One evaluation of one trial.</summary>
/// <param name="Evaluation">The evaluation's name in the spec.</param>
/// <param name="Metrics">Metric to value.</param>
/// <param name="Items">Items asked.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="Uri">The result file; null where none was kept.</param>
/// <param name="Fence">The fence that it was accepted under; 0 where it came from the cache.</param>
/// <param name="PromptsCut">Prompts that were longer than the model's positions and lost their beginning.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record EvaluationResult(
    string Evaluation, IReadOnlyDictionary<string, double> Metrics, int Items, double Seconds, string? Uri, long Fence = 0, int PromptsCut = 0)
{
    /// <summary>The sweep that it was taken over from; null where this one computed it.</summary>
    public string? From { get; init; }
}

/// <summary>One evaluation that a trial cannot be given; its others stand.</summary>
/// <param name="Evaluation">The evaluation's name in the spec.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Message">One line.</param>
public sealed record EvaluationFailure(string Evaluation, FailureKind Kind, string Message);

/// <summary>Why a trial has failed.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Message">One line.</param>
public sealed record Failure(FailureKind Kind, string Message);

/// <summary>A slot's record with this sweep.</summary>
/// <param name="Slot">The slot, <c>node/device</c>.</param>
/// <param name="Refusals">Starts that it could not do, one after the other.</param>
/// <param name="Until">It is left alone until then.</param>
/// <param name="Busy">Whether that is because it does something else, whose end it tells.</param>
public sealed record SlotHealth(string Slot, int Refusals, DateTimeOffset Until, bool Busy = false);

/// <summary>What a sweep was made of: written once, when it is taken.</summary>
/// <param name="Sweep">The sweep's name.</param>
/// <param name="Spec">The spec, from which the grid is expanded again.</param>
/// <param name="Identities">The content identities that the grid's keys were made with.</param>
/// <param name="GridHash">Hash over all trial keys: what expands differently is refused.</param>
/// <param name="Shards">Number of shards.</param>
/// <param name="CreatedAt">When it was created.</param>
public sealed record SweepOrigin(
    string Sweep, [property: JsonConverter(typeof(StoredSpec))] SweepSpec Spec, SpecIdentities Identities, string GridHash, int Shards, DateTimeOffset CreatedAt)
{
    /// <summary>The files that models and data were checked with: every assignment compares them.</summary>
    public IReadOnlyList<ReferencedFiles> Files { get; init; } = [];

    /// <summary>What the data mixes became under each model's tokenizer when the sweep was checked; none where that is not known.</summary>
    public IReadOnlyList<MixFacts> Mixes { get; init; } = [];

    /// <summary>Model to the rows of its embedding; one whose number is not known is absent.</summary>
    public IReadOnlyDictionary<string, int> Vocabularies { get; init; } = new Dictionary<string, int>();

    /// <summary>The files of one name; none where they are not known.</summary>
    public IReadOnlyList<FileStamp> FilesOf(string kind, string name) => Files.FirstOrDefault(of => of.Kind == kind && of.Name == name)?.Files ?? [];
}

/// <summary>The head of a sweep's record: a few hundred bytes, written with every change of fence or status.</summary>
public sealed class SweepHeader
{
    /// <summary>Where the sweep stands.</summary>
    [JsonInclude] public SweepStatus Status { get; internal set; }

    /// <summary>Why it was cancelled.</summary>
    [JsonInclude] public string? CancelReason { get; internal set; }

    /// <summary>The next fence.</summary>
    [JsonInclude] public long NextFence { get; internal set; } = 1;

    /// <summary>The number of the next evaluation.</summary>
    [JsonInclude] public int NextEvaluation { get; internal set; }

    /// <summary>Sequence numbers below this may have been used.</summary>
    [JsonInclude] public long ReservedSeq { get; internal set; }

    /// <summary>When it ended; null while it runs.</summary>
    [JsonInclude] public DateTimeOffset? EndedAt { get; internal set; }

    /// <summary>Reports under an old fence that were turned away.</summary>
    [JsonInclude] public long StaleReports { get; internal set; }

    /// <summary>Reports that had been accepted before.</summary>
    [JsonInclude] public long DuplicateReports { get; internal set; }

    /// <summary>Slots that could not start something lately.</summary>
    [JsonInclude] public List<SlotHealth> Slots { get; internal set; } = [];
}

/// <summary>A part of a sweep's record: whole packs with at most <see cref="SchedulingOptions.ShardTrials"/> trials.</summary>
public sealed class SweepShard
{
    /// <summary>Place in the sweep's record, from 0.</summary>
    [JsonInclude] public int Index { get; internal set; }

    /// <summary>The packs.</summary>
    [JsonInclude] public List<PackState> Packs { get; internal set; } = [];

    /// <summary>Evaluations of trials of these packs that have begun and not ended.</summary>
    [JsonInclude] public List<EvaluationState> Evaluations { get; internal set; } = [];
}

/// <summary>One adapter of a pack, or the untuned base.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed class MemberState
{
    /// <summary>Index in <see cref="Grid.Trainings"/>; null for an untuned base, of which nothing is trained.</summary>
    [JsonInclude] public int? Training { get; internal set; }

    /// <summary>Where its training stands; an untuned base's counts as succeeded from the start.</summary>
    [JsonInclude] public TrialStatus Status { get; internal set; }

    /// <summary>The last reported step.</summary>
    [JsonInclude] public int Step { get; internal set; }

    /// <summary>The last reported loss.</summary>
    [JsonInclude] public double? Loss { get; internal set; }

    /// <summary>The trained adapter.</summary>
    [JsonInclude] public TrainedAdapter? Adapter { get; internal set; }

    /// <summary>It was trained before the pack's present run began, so that the pack's checkpoints do not hold it.</summary>
    [JsonInclude] public bool Apart { get; internal set; }

    /// <summary>The trials that ask it.</summary>
    [JsonInclude] public List<TrialState> Trials { get; internal set; } = [];
}

/// <summary>One trial.</summary>
public sealed class TrialState
{
    /// <summary>Index in <see cref="Grid.Trials"/>.</summary>
    [JsonInclude] public int Trial { get; internal set; }

    /// <summary>Where it stands.</summary>
    [JsonInclude] public TrialStatus Status { get; internal set; }

    /// <summary>Starts of its evaluations.</summary>
    [JsonInclude] public int EvaluationStarts { get; internal set; }

    /// <summary>The accepted evaluations.</summary>
    [JsonInclude] public List<EvaluationResult> Results { get; internal set; } = [];

    /// <summary>The evaluations that cannot be had.</summary>
    [JsonInclude] public List<EvaluationFailure> Failures { get; internal set; } = [];

    /// <summary>Why it failed.</summary>
    [JsonInclude] public Failure? Failure { get; internal set; }

    /// <summary>Whether an evaluation has neither a result nor a failure.</summary>
    internal bool Lacks(string evaluation) => Status == TrialStatus.Pending && Results.All(r => r.Evaluation != evaluation) && Failures.All(f => f.Evaluation != evaluation);
}
