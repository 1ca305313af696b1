using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sessions;

/// <summary>The silo's users as its clients reach them.</summary>
[GrainType("sessions")]
internal sealed class SessionsGrain(SiloUse use, TimeProvider time) : Grain, ISessionsGrain
{
    private static readonly TimeSpan _moment = TimeSpan.FromSeconds(1);

    public Task<int> RenewAsync(string session) => Task.FromResult(use.Renew(session) ? 0 : Environment.ProcessId);

    public async Task<int> LeaveAsync(string session, string? abandoned)
    {
        // What is left to do for a sweep that has just ended takes a moment; whoever followed it to its end leaves in that moment.
        if (!use.Leave(session, abandoned) && use.IsLeft) await Task.WhenAny(use.Ending, Task.Delay(_moment, time));
        return use.Ending.IsCompleted ? Environment.ProcessId : 0;
    }
}
