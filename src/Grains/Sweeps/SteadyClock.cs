namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// The time at which it was made and what its owner has lived through since, by a clock that nobody sets and that stands still while the machine sleeps: a laptop that was suspended, or a time
/// server's correction, must not make every lease lapse at once. It stands still as well while the process does (it was stopped, or its machine swapped): nobody was heard then who did speak.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    /// <summary>Whoever drives a sweep reads the time every second. What lies between two readings that are further apart was no time in which a slot could be heard.</summary>
    private static readonly TimeSpan _longestGap = TimeSpan.FromSeconds(10);

    private readonly DateTimeOffset _made = time.GetUtcNow();
    private readonly long _timestamp = time.GetTimestamp();
    private TimeSpan _read, _missed;

    /// <summary>The time.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var elapsed = time.GetElapsedTime(_timestamp);
            if (elapsed - _read > _longestGap) _missed += elapsed - _read - _longestGap;
            _read = elapsed;
            return _made + elapsed - _missed;
        }
    }
}
