using AlpacaCot.Files;
using AlpacaCot.Grains;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Silo.Storage;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;

namespace AlpacaCot.Silo.Hosting;

/// <summary>One machine: one silo a home, its state in a SQLite file, its clients over a Unix socket. Nothing listens on the network.</summary>
internal static class LocalHosting
{
    /// <summary>Makes the silo the one of a home.</summary>
    /// <exception cref="OrleansConfigurationException">Another silo has the home.</exception>
    public static ISiloBuilder UseHome(this ISiloBuilder silo, HomeLayout home)
    {
        HomeLayout.MakePrivate(home.State);
        HomeLayout.MakePrivate(home.Run);
        // Opened before anything else of the silo begins: it is the lock of the home, and the gateway takes the place of a socket that lies there.
        var storage = new SqliteGrainStorage(new SqliteStore(Path.Combine(home.State, SqliteSchema.FileName)), new StateJson());
        silo.UseLocalhostClustering(serviceId: PlatformCluster.Id, clusterId: PlatformCluster.Id)
            .UseUnixGateway(home.SiloSocket, EndpointOptions.DEFAULT_GATEWAY_PORT)
            .Services.AddGrainStorage(GrainStorage.Name, (_, _) => storage);
        return silo;
    }
}
