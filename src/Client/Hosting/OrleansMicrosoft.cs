using System.Net;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace AlpacaCot.Client.Hosting;

/// <summary>How a client reaches the cluster under <c>OrleansRuntime=Microsoft</c>: PostgreSQL clustering where it is configured, else the silo on this machine.</summary>
internal static class ClientHosting
{
    /// <summary>Adds the client.</summary>
    public static void AddSiloClient(this IHostApplicationBuilder builder, HomeLayout home)
        => builder.UseOrleansClient(client =>
        {
            if (builder.Configuration["AlpacaCot:PostgreSql"] is { Length: > 0 } connection)
                client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection));
            else client.UseLocalhostClustering();
        });
}
