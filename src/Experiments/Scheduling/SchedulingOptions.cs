namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Times and budgets of the scheduler. All times are the sweep's own clock's.</summary>
public sealed record SchedulingOptions
{
    /// <summary>How long a slot may be silent before its lease lapses.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Ends without progress that work may have.</summary>
    public int MaxStrikes { get; init; } = 3;

    /// <summary>
    /// Ends in a row, without progress between, that a passing fault of the machine may cause: with the pauses below a quarter of an hour, in which somebody may make room on a full disk.
    /// </summary>
    public int MaxTransientEnds { get; init; } = 20;

    /// <summary>Pause before the second try; doubled with each end without progress.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest such pause: what passes is noticed within a minute.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Trials that are evaluated together, at most. More would save messages only; fewer lose less when the worker crashes, and let other slots help.
    /// </summary>
    public int EvaluationTrials { get; init; } = 32;

    /// <summary>
    /// Trials whose training took less wait for others to be evaluated with, while there is more to train: an assignment costs some tens of milliseconds, which are lost in a second.
    /// </summary>
    public TimeSpan ShortTraining { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a slot that could not start is left alone; doubled each time.</summary>
    public TimeSpan Quarantine { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest such pause.</summary>
    public TimeSpan LongestQuarantine { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a slot that is busy with something else is left alone where it does not tell the end of that before: longer than it waits for a worker that was told to stop (30 s), since each try
    /// in between would cost a fence for nothing.
    /// </summary>
    public TimeSpan BusyPause { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Trials per shard of the sweep's record, at most (a larger pack has a shard of its own).</summary>
    public int ShardTrials { get; init; } = 128;
}
