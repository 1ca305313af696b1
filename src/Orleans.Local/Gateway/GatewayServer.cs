using System.Collections.Concurrent;
using System.Net.Sockets;
using AlpacaCot.LocalSilo.Hosting;
using AlpacaCot.LocalSilo.Runtime;

namespace AlpacaCot.LocalSilo.Gateway;

/// <summary>Takes connections of clients on the gateway's socket.</summary>
internal sealed class GatewayServer(Silo silo, IOptions<GatewayPathOptions> options, ILogger<GatewayServer> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<GatewaySession, Task> _sessions = new();
    private FileStream? _lock;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle)
    {
        if (options.Value.Path is not { } path) return;
        lifecycle.Subscribe(nameof(GatewayServer), ServiceLifecycleStage.Active, _ => Listen(path), _ => StopListeningAsync(path));
        // Requests that are under way get their responses while activations end; only then connections close.
        lifecycle.Subscribe(nameof(GatewayServer), ServiceLifecycleStage.RuntimeServices, _ => Task.CompletedTask, CloseAsync);
    }

    private Task Listen(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _lock = FileLock.Take(path + ".lock", holder => $"another silo listens at {path} ({holder}): stop it, or use another gateway");
        // The lock is ours, so whoever made this file is dead.
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            listener.Dispose();
            _lock.Dispose();
            throw new OrleansConfigurationException($"cannot listen at {path}: {e.Message}. A socket's path has at most 107 bytes", e);
        }
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(128);
        _listener = listener;
        _accepting = Task.Run(() => AcceptAsync(listener));
        return Task.CompletedTask;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            var session = new GatewaySession(silo, socket, logger);
            var running = new TaskCompletionSource();
            _sessions[session] = running.Task;
            _ = Task.Run(async () =>
            {
                await session.RunAsync();
                _sessions.TryRemove(session, out _);
                running.SetResult();
            });
        }
    }

    private async Task StopListeningAsync(string path)
    {
        _listener?.Dispose();
        await _accepting;
        if (_lock is null) return;
        File.Delete(path);
        _lock.Dispose();
    }

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        var running = _sessions.ToArray();
        foreach (var (session, _) in running) await session.CloseAsync();
        await Task.WhenAll(running.Select(s => s.Value));
    }
}
