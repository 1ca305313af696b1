using AlpacaCot.Files;
using AlpacaCot.Grains;

namespace AlpacaCot.Silo.Hosting;

/// <summary>The silo, on one machine or in a cluster. Which of the two it is, only the files of this folder know.</summary>
internal static class SiloHosting
{
    /// <summary>Adds the silo.</summary>
    /// <exception cref="OrleansConfigurationException">Another silo has the home, or the cluster's connection string is none.</exception>
    public static void AddSilo(this IHostApplicationBuilder builder, HomeLayout home, SiloArguments arguments)
        => builder.UseOrleans(silo => (arguments.Cluster is { } cluster ? silo.UseCluster(cluster, home, arguments) : silo.UseHome(home))
            .AddActivityPropagation()
            .AddPlatformNode(arguments.Node, [.. arguments.Slots]));
}
