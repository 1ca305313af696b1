using AlpacaCot.Grains.Contracts;
using Npgsql;
using Orleans.Configuration;

namespace AlpacaCot.Client.Hosting;

/// <summary>A cluster: its silos are found in its PostgreSQL database, and any of them answers.</summary>
internal static class ClusterHosting
{
    /// <summary>Makes the client one of a database's cluster.</summary>
    /// <exception cref="ClientException">The connection string is none.</exception>
    public static IClientBuilder UseCluster(this IClientBuilder client, string connectionString)
        => client
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (PlatformCluster.Id, PlatformCluster.Id))
            .UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = ("Npgsql", WithSchema(connectionString)));

    private static string WithSchema(string connectionString)
    {
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(connectionString);
            if (string.IsNullOrEmpty(connection.SearchPath)) connection.SearchPath = PlatformCluster.Schema;
            return connection.ConnectionString;
        }
        catch (ArgumentException e)
        {
            throw new ClientException($"${PlatformCluster.Variable} is no PostgreSQL connection string: {e.Message}");
        }
    }
}
