namespace AlpacaCot.Supervision;

/// <summary>How long a worker may say nothing of its work before it is taken to hang.</summary>
public sealed record SilenceLimits
{
    /// <summary>
    /// In phases whose pieces differ (a base that is read, rows that are prepared, a checkpoint that is written) and before a phase has been measured: half an hour, in which a disk of 10 MB a second
    /// reads the base of 9 billion parameters, and a processor takes any step that anyone would wait for.
    /// </summary>
    public TimeSpan Unmeasured { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>In phases whose pieces are alike (steps of training and of generation), however short they are: a machine that swaps, or is stopped for two minutes, is no worker that hangs.</summary>
    public TimeSpan Floor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>In those phases, as many of the longest piece so far: they vary with the length of rows, and with what else runs, by less.</summary>
    public double Longest { get; init; } = 20;

    /// <summary>One limit for everything.</summary>
    public static SilenceLimits Of(TimeSpan limit) => new() { Unmeasured = limit, Floor = limit };

    /// <summary>The slowest disk that a base is read from, in bytes a second.</summary>
    private const double SlowestDisk = 10e6;

    /// <summary>These limits for a job that reads a base of some size.</summary>
    public SilenceLimits For(long bytes) => this with { Unmeasured = Later(Unmeasured, TimeSpan.FromSeconds(bytes / SlowestDisk)) };

    internal static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
