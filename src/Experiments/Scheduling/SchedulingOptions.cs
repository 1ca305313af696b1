namespace AlpacaCot.Experiments;

/// <summary>Times and budgets of the scheduler. All times are the sweep's own clock's.</summary>
public sealed record SchedulingOptions
{
    /// <summary>How long a slot may be silent before its lease lapses.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Ends without progress that a pack may have.</summary>
    public int MaxStrikes { get; init; } = 3;

    /// <summary>Pause before a pack's second try; doubled with each strike.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a slot that could not start is left alone; doubled each time.</summary>
    public TimeSpan Quarantine { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest such pause.</summary>
    public TimeSpan LongestQuarantine { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a slot that is busy with something else is left alone.</summary>
    public TimeSpan BusyPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Trials per shard of the sweep's record, at most (a larger pack has a shard of its own).</summary>
    public int ShardTrials { get; init; } = 128;
}
