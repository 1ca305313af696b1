using System.Net;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Worker.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Client.Library.Hosting;

/// <summary>One machine: the silo of a home is reached by its Unix socket.</summary>
internal static class LocalHosting
{
    // A silo that is gone ends calls at once. One that is there and silent may have been stopped, or its machine swaps, for a few minutes: nothing is lost by waiting.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    /// <summary>Makes the client one of a home's silo; the view is told where it does not answer.</summary>
    public static IClientBuilder UseHome(this IClientBuilder client, HomeLayout home, IClientView? view)
    {
        client.UseLocalhostClustering(serviceId: PlatformCluster.Id, clusterId: PlatformCluster.Id);
        foreach (var old in client.Services.Where(service => service.IsKeyedService && service.ServiceType == typeof(IConnectionFactory)).ToList())
        {
            client.Services.Remove(old);
            client.Services.AddKeyedSingleton<IConnectionFactory>(old.ServiceKey, (services, _) => new UnixConnections(home.SiloSocket, services.GetRequiredService<ILoggerFactory>()));
        }
        return client
            // A silo of this machine that is gone stays gone: only what it was too slow for is asked again.
            .RetryReads(
                problem => problem is TimeoutException, _patience,
                silent => view?.Say(silent ? "the silo does not answer; asking again" : "the silo answers again"))
            .EndCallsWhenTheSiloIsGone();
    }

    private sealed class UnixConnections(string path, ILoggerFactory loggers) : IConnectionFactory
    {
        private readonly SocketConnectionContextFactory _contexts = new(new SocketConnectionFactoryOptions(), loggers.CreateLogger("Orleans.UnixSocket"));

        public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            var socket = await LocalSocket.ConnectAsync(path, cancellationToken);
            if (LocalSocket.IsOfThisUser(socket)) return _contexts.Create(socket);
            socket.Dispose();
            throw new IOException($"the silo at {path} is another user's");
        }
    }
}
