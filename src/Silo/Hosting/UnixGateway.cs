using System.Net;
using AlpacaCot.Worker.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace AlpacaCot.Silo.Hosting;

/// <summary>A silo's gateway on a Unix socket instead of a TCP port. The listener for other silos is not opened at all: there are none.</summary>
internal static class UnixGateway
{
    /// <summary>Lets the silo's clients come by a socket.</summary>
    /// <param name="silo">A silo whose clustering has been chosen.</param>
    /// <param name="path">The socket. Whoever calls this holds the lock of the home: a socket that lies there is a dead silo's.</param>
    /// <param name="gatewayPort">The port that the silo's options name as the gateway's; nothing is opened there.</param>
    public static ISiloBuilder UseUnixGateway(this ISiloBuilder silo, string path, int gatewayPort)
    {
        // The runtime registers its two listeners under keys of its own; which of them asks, the end point tells.
        foreach (var old in silo.Services.Where(service => service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory)).ToList())
        {
            silo.Services.Remove(old);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory>(old.ServiceKey, (services, _) => new Factory(path, gatewayPort, services.GetRequiredService<ILoggerFactory>()));
        }
        return silo;
    }

    private sealed class Factory(string path, int gatewayPort, ILoggerFactory loggers) : IConnectionListenerFactory
    {
        public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            if (endpoint is not IPEndPoint { Port: var port } || port != gatewayPort) return new Silent(endpoint);
            // Bound under another name and moved once it listens: whoever finds the name is answered.
            var fresh = path + ".new";
            File.Delete(fresh);
            var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { CreateBoundListenSocket = _ => LocalSocket.Bind(fresh) }), loggers);
            var listener = await transport.BindAsync(endpoint, cancellationToken);
            File.Move(fresh, path, overwrite: true);
            return new Listener(listener, path);
        }
    }

    /// <summary>A listener whose socket goes with it.</summary>
    private sealed class Listener(IConnectionListener inner, string path) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var connection = await inner.AcceptAsync(cancellationToken);
                if (connection?.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket || LocalSocket.IsOfThisUser(socket)) return connection;
                // Another user's: not even told why.
                await connection.DisposeAsync();
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            File.Delete(path);
            return inner.UnbindAsync(cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    /// <summary>Hears nothing.</summary>
    private sealed class Silent(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endpoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => new(_closed.Task);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _closed.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
