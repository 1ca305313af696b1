using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.Client.Library.Hosting;

/// <summary>The client of a silo, on one machine or in a cluster. Which of the two it is, only the files of this folder know.</summary>
internal static class ClientHosting
{
    /// <summary>Adds the client.</summary>
    /// <param name="builder">The program.</param>
    /// <param name="home">The home whose silo it is.</param>
    /// <param name="cluster">The database of the cluster whose client it is instead, or null.</param>
    /// <param name="view">Who is told of a silo that does not answer, or null.</param>
    public static void AddSiloClient(this IHostApplicationBuilder builder, HomeLayout home, string? cluster = null, IClientView? view = null)
    {
        builder.Services.AddPlatformVocabulary();
        builder.UseOrleansClient(client => (cluster is null ? client.UseHome(home, view) : client.UseCluster(cluster, home))
            .AddActivityPropagation()
            // Whether to start a silo, and how long to wait for it, is for the session to say.
            .UseConnectionRetryFilter((_, _) => Task.FromResult(false)));
    }
}
