using System.Data.Common;
using System.Security.Authentication;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Serialization;

namespace AlpacaCot.Client.Library.Hosting;

/// <summary>A cluster: its silos are found in its PostgreSQL database, and any of them answers.</summary>
internal static class ClusterHosting
{
    // Another silo takes over for one that is lost after 20 s, and a database is soon started again: a call that fails for longer than this finds nobody.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    // A client hears of silos that came after it by asking; the default is a minute.
    private static readonly TimeSpan _lookForSilos = TimeSpan.FromSeconds(10);

    /// <summary>Makes the client one of a database's cluster.</summary>
    /// <exception cref="ClientException">The connection string is none.</exception>
    /// <exception cref="HomeException">The cluster's key cannot be used.</exception>
    public static IClientBuilder UseCluster(this IClientBuilder client, string connectionString, HomeLayout home)
    {
        var identity = ClusterIdentity.Of(home);
        client.Services.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add(nameof(Npgsql)));
        return client
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (PlatformCluster.Id, PlatformCluster.Id))
            .Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = _lookForSilos)
            .RetryReads(problem => problem is TimeoutException or OrleansException or DbException, _patience)
            .UseTls(tls =>
            {
                tls.LocalCertificate = identity;
                tls.SslProtocols = SslProtocols.Tls13;
                (tls.RemoteCertificateMode, tls.ClientCertificateMode) = (RemoteCertificateMode.RequireCertificate, RemoteCertificateMode.RequireCertificate);
                tls.RemoteCertificateValidation = (shown, _, _) => identity.Is(shown);
                tls.OnAuthenticateAsClient = (_, me) => me.TargetHost = ClusterIdentity.Name;
            })
            .UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = ("Npgsql", WithSchema(connectionString)));
    }

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
