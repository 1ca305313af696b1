namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// The time at which it was made and what has gone by since, by a clock that nobody sets and that stands still while the machine sleeps: a laptop that was suspended, or a time server's
/// correction, must not make every lease lapse at once.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    private readonly DateTimeOffset _made = time.GetUtcNow();
    private readonly long _timestamp = time.GetTimestamp();

    /// <summary>The time.</summary>
    public DateTimeOffset Now => _made + time.GetElapsedTime(_timestamp);
}
