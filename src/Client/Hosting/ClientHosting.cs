using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.Client.Hosting;

/// <summary>The client of a silo, on one machine or in a cluster. Which of the two it is, only the files of this folder know.</summary>
internal static class ClientHosting
{
    /// <summary>Adds the client.</summary>
    public static void AddSiloClient(this IHostApplicationBuilder builder, HomeLayout home)
        => builder.UseOrleansClient(client => client
            .UseHome(home)
            .EndCallsWhenTheSiloIsGone()
            // Whether to start a silo, and how long to wait for it, is for the session to say.
            .UseConnectionRetryFilter((_, _) => Task.FromResult(false)));
}
