using System.Net;
using System.Net.Sockets;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Client.Hosting;

/// <summary>One machine: the silo of a home is reached by its Unix socket.</summary>
internal static class LocalHosting
{
    // Three time-outs of Orleans: what is slower than that is broken.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    /// <summary>Makes the client one of a home's silo.</summary>
    public static IClientBuilder UseHome(this IClientBuilder client, HomeLayout home)
    {
        client.UseLocalhostClustering(serviceId: PlatformCluster.Id, clusterId: PlatformCluster.Id);
        foreach (var old in client.Services.Where(service => service.IsKeyedService && service.ServiceType == typeof(IConnectionFactory)).ToList())
        {
            client.Services.Remove(old);
            client.Services.AddKeyedSingleton<IConnectionFactory>(old.ServiceKey, (services, _) => new UnixConnections(home.SiloSocket, services.GetRequiredService<ILoggerFactory>()));
        }
        return client
            // A silo of this machine that is gone stays gone: only what it was too slow for is asked again.
            .RetryReads(problem => problem is TimeoutException, _patience)
            .EndCallsWhenTheSiloIsGone();
    }

    private sealed class UnixConnections(string path, ILoggerFactory loggers) : IConnectionFactory
    {
        private readonly SocketConnectionContextFactory _contexts = new(new SocketConnectionFactoryOptions(), loggers.CreateLogger("Orleans.UnixSocket"));

        public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return _contexts.Create(socket);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
