using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AlpacaCot.Files;
using AlpacaCot.Grains;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Silo.Storage;
using Npgsql;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Serialization;
using Orleans.Storage;

namespace AlpacaCot.Silo.Hosting;

/// <summary>A silo of a cluster: who its members are, what the grains store and which of them are to be woken, all of it lies in one PostgreSQL database.</summary>
internal static class ClusterHosting
{
    private const string Driver = "Npgsql";

    // A silo that starts waits for every member to answer that has shown a sign of life within three of these. Where all were killed at once, none answers:
    // with the default of 30 s the first to come back waited for a minute and a half.
    private static readonly TimeSpan _signOfLife = TimeSpan.FromSeconds(5);

    /// <summary>Makes the silo a member of the cluster of a database.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="connectionString">The database.</param>
    /// <param name="home">The home, which all silos of the cluster share.</param>
    /// <param name="arguments">How the silo was started.</param>
    /// <exception cref="OrleansConfigurationException">The connection string is none.</exception>
    /// <exception cref="HomeException">The cluster's key cannot be used.</exception>
    public static ISiloBuilder UseCluster(this ISiloBuilder silo, string connectionString, HomeLayout home, SiloArguments arguments)
    {
        HomeLayout.MakePrivate(home.Run);
        ClusterEndpoint endpoint;
        try
        {
            endpoint = ClusterEndpoint.Of(arguments.Node, connectionString, arguments.Endpoint, home.Run);
        }
        catch (ArgumentException e)
        {
            throw new OrleansConfigurationException($"${PlatformCluster.Variable} is no PostgreSQL connection string: {e.Message}", e);
        }
        silo.Services
            .AddSingleton(_ => ClusterSchema.Open(connectionString))
            .AddSingleton<IGrainStorageSerializer, StateJson>()
            .AddHostedService<SchemaStart>()
            .AddHostedService<MembersLog>()
            // What goes wrong with the database reaches the client as what it is.
            .Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add(nameof(Npgsql)));
        return silo
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (PlatformCluster.Id, PlatformCluster.Id))
            .Configure<ClusterMembershipOptions>(members => members.IAmAliveTablePublishTimeout = _signOfLife)
            .Configure<SiloOptions>(options => options.SiloName = endpoint.Node)
            .UseAdoNetClustering(options => options.Configure<NpgsqlDataSource>((clustering, database) => (clustering.Invariant, clustering.DataSource) = (Driver, database)))
            .UseAdoNetReminderService(options => options.Configure<NpgsqlDataSource>((reminders, database) => (reminders.Invariant, reminders.DataSource) = (Driver, database)))
            .AddAdoNetGrainStorage(GrainStorage.Name, options => options.Configure<NpgsqlDataSource>((storage, database) => (storage.Invariant, storage.DataSource) = (Driver, database)))
            .UseTls(tls => Configure(tls, ClusterIdentity.Of(home)))
            .ConfigureEndpoints(endpoint.Address, endpoint.SiloPort, endpoint.GatewayPort)
            // While a member is gone and not yet declared dead, Orleans warns several times a second that it cannot be reached. Who goes, the log of the members says;
            // why a start takes long, the one category that is left.
            .ConfigureLogging(logging => logging.AddFilter("Orleans", LogLevel.Critical).AddFilter("Orleans.Runtime.MembershipService.MembershipAgent", LogLevel.Error));
    }

    /// <summary>Both ends show the cluster's key, other silos and clients alike; without it nothing is answered.</summary>
    private static void Configure(TlsOptions tls, X509Certificate2 identity)
    {
        tls.LocalCertificate = identity;
        tls.SslProtocols = SslProtocols.Tls13;
        (tls.RemoteCertificateMode, tls.ClientCertificateMode) = (RemoteCertificateMode.RequireCertificate, RemoteCertificateMode.RequireCertificate);
        tls.RemoteCertificateValidation = (shown, _, _) => identity.Is(shown);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = ClusterIdentity.Name;
    }

    /// <summary>Brings the database up to date before anything of the silo starts.</summary>
    private sealed class SchemaStart(NpgsqlDataSource database) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => ClusterSchema.ApplyAsync(database, cancellationToken);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
