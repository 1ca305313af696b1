using System.Globalization;
using System.Text.Json.Serialization;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Work that slots are given under a fence, and what is known of it: a pack to be trained, or trials to be evaluated.</summary>
public abstract class WorkState
{
    /// <summary>Its number among its kind.</summary>
    [JsonInclude] public int Index { get; internal set; }

    /// <summary>The value of <c>models</c> whose base it needs.</summary>
    [JsonInclude] public string Model { get; internal set; } = "";

    /// <summary>How the work is cut.</summary>
    [JsonInclude] public KernelSettings Kernel { get; internal set; } = new(1, 1);

    /// <summary>Where it stands.</summary>
    [JsonInclude] public PackStatus Status { get; internal set; }

    /// <summary>The current fence, or the last one; 0 before the first lease.</summary>
    [JsonInclude] public long Fence { get; internal set; }

    /// <summary>The slot that has it, or had it last.</summary>
    [JsonInclude] public string? Slot { get; internal set; }

    /// <summary>When the lease lapses.</summary>
    [JsonInclude] public DateTimeOffset LeaseUntil { get; internal set; }

    /// <summary>It is not leased before this.</summary>
    [JsonInclude] public DateTimeOffset NotBefore { get; internal set; }

    /// <summary>Attempts that really started.</summary>
    [JsonInclude] public int Starts { get; internal set; }

    /// <summary>Attempts that ended badly without a new checkpoint, adapter or result.</summary>
    [JsonInclude] public int Strikes { get; internal set; }

    /// <summary>Attempts in a row that a passing fault of the machine ended (a full disk, a lost connection).</summary>
    [JsonInclude] public int TransientEnds { get; internal set; }

    /// <summary>Ends for lack of memory.</summary>
    [JsonInclude] public int OutOfMemoryEnds { get; internal set; }

    /// <summary>Whether the current attempt has brought something that stays.</summary>
    [JsonInclude] public bool Progressed { get; internal set; }

    /// <summary>What ended the last attempt.</summary>
    [JsonInclude] public Failure? LastFailure { get; internal set; }

    /// <summary>Its name in events, assignments and paths: <c>pack-3</c>, <c>evaluation-17</c>.</summary>
    [JsonIgnore] public abstract string Name { get; }

    /// <summary>Whether a slot has it.</summary>
    [JsonIgnore] public bool Active => Status is PackStatus.Leased or PackStatus.Running;

    /// <summary>The part of the sweep's record that holds it.</summary>
    [JsonIgnore] public int Shard { get; internal set; }

    /// <summary>Read from disk and not heard of since: if its slot is idle, it was lost with the process.</summary>
    [JsonIgnore] internal bool Unconfirmed { get; set; }
}

/// <summary>
/// A pack: trainings that share a base and run together. The trials that ask an untuned base have one of their own, which has ended from the start: they go straight to their evaluation.
/// </summary>
public sealed class PackState : WorkState
{
    /// <summary>The last accepted checkpoint.</summary>
    [JsonInclude] public CheckpointReference? Checkpoint { get; internal set; }

    /// <summary>The pack that this one was split from.</summary>
    [JsonInclude] public int? SplitFrom { get; internal set; }

    /// <summary>The members. They stay in place when they end, so that a checkpoint's composition is kept.</summary>
    [JsonInclude] public List<MemberState> Members { get; internal set; } = [];

    /// <summary>Whether nothing of it is trained: its trials ask the base as it is.</summary>
    [JsonIgnore] public bool IsUntuned => Members is [{ Training: null }];

    /// <inheritdoc/>
    [JsonIgnore] public override string Name => NameOf(Index);

    /// <summary>Where a pack stands none of whose members is left to be trained.</summary>
    [JsonIgnore] internal PackStatus OutcomeOfMembers
        => Members.Exists(m => m.Status == TrialStatus.Succeeded) ? PackStatus.Done
            : Members.Exists(m => m.Status == TrialStatus.Failed) ? PackStatus.Failed
            : PackStatus.Cancelled;

    /// <summary>The name of a pack of a number.</summary>
    public static string NameOf(int index) => string.Create(CultureInfo.InvariantCulture, $"pack-{index}");
}

/// <summary>Trained trials of one base that one slot is to evaluate. It is kept until every evaluation that it holds has a result or a failure.</summary>
public sealed class EvaluationState : WorkState
{
    /// <summary>Indices in <see cref="Grid.Trials"/>.</summary>
    [JsonInclude] public List<int> Trials { get; internal set; } = [];

    /// <summary>The only evaluation that it holds of them; null for all.</summary>
    [JsonInclude] public string? Only { get; internal set; }

    /// <inheritdoc/>
    [JsonIgnore] public override string Name => string.Create(CultureInfo.InvariantCulture, $"evaluation-{Index}");
}
