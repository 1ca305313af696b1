using AlpacaCot.Grains;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Worker.Protocol;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace AlpacaCot.Silo.Hosting;

/// <summary>The cluster runtime (<c>OrleansRuntime=Microsoft</c>): clustering, state and reminders in PostgreSQL where it is configured, else one silo in memory.</summary>
internal static class SiloHosting
{
    /// <summary>Adds the silo.</summary>
    public static void AddSilo(this IHostApplicationBuilder builder, HomeLayout home, SiloArguments arguments)
        => builder.UseOrleans(silo =>
        {
            if (builder.Configuration["AlpacaCot:PostgreSql"] is { Length: > 0 } connection)
                silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection))
                    .AddAdoNetGrainStorage(GrainStorage.Name, options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection))
                    .UseAdoNetReminderService(options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection));
            else
                silo.UseLocalhostClustering().AddMemoryGrainStorage(GrainStorage.Name).UseInMemoryReminderService();
            silo.UseSiloMetadata(new Dictionary<string, string> { [SlotPlacement.NodeName] = arguments.Node })
                .AddPlatformStartup(arguments.Node, [.. arguments.Slots]);
        });
}
