using System.Collections.Immutable;

namespace AlpacaCot.Silo.Hosting;

/// <summary>Says in the silo's log who comes to the cluster and who goes.</summary>
internal sealed partial class MembersLog(IClusterMembershipService members, ILogger<MembersLog> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var known = ImmutableDictionary<SiloAddress, SiloStatus>.Empty;
        await foreach (var now in members.MembershipUpdates.WithCancellation(stoppingToken))
            foreach (var member in now.Members.Values)
            {
                var before = known.GetValueOrDefault(member.SiloAddress);
                known = known.SetItem(member.SiloAddress, member.Status);
                if (member.Status == before) continue;
                if (member.Status == SiloStatus.Active) LogJoined(member.Name, member.SiloAddress.Endpoint.ToString());
                else if (member.Status == SiloStatus.Dead && before != SiloStatus.None) LogGone(member.Name, member.SiloAddress.Endpoint.ToString());
            }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "node {Node} at {Address} is a member of the cluster")]
    private partial void LogJoined(string node, string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "node {Node} at {Address} has left the cluster or died")]
    private partial void LogGone(string node, string address);
}
