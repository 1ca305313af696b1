using AlpacaCot.Grains;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Worker.Protocol;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace AlpacaCot.Silo.Hosting;

/// <summary>The embedded runtime (<c>OrleansRuntime=Local</c>): state in a journal under the home, clients over a Unix socket.</summary>
internal static class SiloHosting
{
    /// <summary>Adds the silo.</summary>
    public static void AddSilo(this IHostApplicationBuilder builder, HomeLayout home, SiloArguments arguments)
        => builder.UseOrleans(silo => silo
            .UseSiloMetadata(new Dictionary<string, string> { [SlotPlacement.NodeName] = arguments.Node })
            .AddJournalGrainStorage(GrainStorage.Name, options => options.Root = home.State)
            .UseLocalGateway(home.SiloSocket)
            .AddPlatformStartup(arguments.Node, [.. arguments.Slots]));
}
