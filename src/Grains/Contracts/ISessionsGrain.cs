using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>Who uses the silo of a home. A silo that a command has started ends by itself when nobody does and no sweep that it was given runs. Key: <c>default</c>.</summary>
[Alias("alpaca.ISessionsGrain"), Version(1)]
public interface ISessionsGrain : IGrainWithStringKey
{
    /// <summary>A session says that it is there; said again and again, or it counts no more. Where the silo is ending already, its process id: wait for its end, and start another.</summary>
    [Alias("Renew"), AlwaysInterleave, Idempotent, ResponseTimeout("00:00:10")]
    Task<int> RenewAsync(string session);

    /// <summary>
    /// A session ends. Where nobody else needs the silo, it ends now: the answer is its process id then, and 0 otherwise.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="abandoned">A sweep that the session leaves before its end; it needs the silo only where others do.</param>
    [Alias("Leave"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    Task<int> LeaveAsync(string session, string? abandoned);
}
