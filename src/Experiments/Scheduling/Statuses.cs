using System.Text.Json.Serialization;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Where a sweep stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SweepStatus>))]
public enum SweepStatus
{
    /// <summary>Trials are left.</summary>
    Running,

    /// <summary>Every trial has ended, well or not.</summary>
    Completed,

    /// <summary>Stopped by its user.</summary>
    Cancelled,
}

/// <summary>Where a pack or an evaluation stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PackStatus>))]
public enum PackStatus
{
    /// <summary>Waits for a slot.</summary>
    Pending,

    /// <summary>Given to a slot that has not confirmed it yet.</summary>
    Leased,

    /// <summary>A slot works on it.</summary>
    Running,

    /// <summary>All of it has ended, at least something well.</summary>
    Done,

    /// <summary>All of it has ended, nothing well.</summary>
    Failed,

    /// <summary>Stopped by its user.</summary>
    Cancelled,

    /// <summary>Its members went on in packs of their own, after it ran out of memory twice.</summary>
    Split,
}

/// <summary>Where a trial (or a member's training) stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrialStatus>))]
public enum TrialStatus
{
    /// <summary>Not ended.</summary>
    Pending,

    /// <summary>Ended well: trained, and every evaluation accepted.</summary>
    Succeeded,

    /// <summary>Ended for a reason that is kept.</summary>
    Failed,

    /// <summary>Stopped by its user.</summary>
    Cancelled,
}

/// <summary>What a trial that has not ended is doing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrialPhase>))]
public enum TrialPhase
{
    /// <summary>Waits for a slot.</summary>
    Waiting,

    /// <summary>A slot has it, but has not said so yet.</summary>
    Starting,

    /// <summary>Its adapter is trained.</summary>
    Training,

    /// <summary>It answers its evaluations.</summary>
    Evaluating,

    /// <summary>It has ended.</summary>
    Ended,
}

/// <summary>What became of a report.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>It counts.</summary>
    Accepted,

    /// <summary>It counted before; nothing changes.</summary>
    Duplicate,

    /// <summary>Its fence is not the current one: it does not count, and whoever sent it must stop.</summary>
    Stale,

    /// <summary>It names nothing that the assignment has.</summary>
    Unknown,
}
