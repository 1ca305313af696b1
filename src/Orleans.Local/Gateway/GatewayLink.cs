using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Net.Sockets;
using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Serialization;
using Orleans.Runtime.Messaging;

namespace AlpacaCot.LocalSilo.Gateway;

/// <summary>One connection of a client to its silo.</summary>
internal sealed class GatewayLink : IDisposable
{
    private readonly GatewayClient _client;
    private readonly string _path;
    private readonly FrameConnection _connection;
    private readonly ConcurrentDictionary<long, PendingCall> _waiting = new();
    private volatile bool _open = true;

    private GatewayLink(GatewayClient client, string path, FrameConnection connection, FrozenDictionary<string, GrainType> grainTypes)
    {
        _client = client;
        _path = path;
        _connection = connection;
        GrainTypes = grainTypes;
        _ = Task.Run(ReadAsync);
        _ = Task.Run(WriteAsync);
    }

    public FrozenDictionary<string, GrainType> GrainTypes { get; }

    public bool IsOpen => _open;

    public static async Task<GatewayLink> OpenAsync(GatewayClient client, string path, int largest, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        FrameConnection? connection = null;
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            connection = new FrameConnection(socket, largest + (1 << 20));
            using var hello = Frames.Begin(FrameKind.Hello);
            hello.WriteVarint(Frames.Version);
            hello.EndBlock(Frames.HeaderSize);
            await socket.SendAsync(hello.WrittenMemory, cancellationToken);
            if (await connection.ReadAsync(cancellationToken) is not { Kind: FrameKind.Welcome } welcome) throw new ConnectionFailedException($"the silo at {path} closed the connection at once");
            return new GatewayLink(client, path, connection, ReadWelcome(new WireReader(welcome.Content, client), path));
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException or SerializerException)
        {
            connection?.Dispose();
            socket.Dispose();
            throw new ConnectionFailedException($"no silo answers at {path}: {e.Message}. Start a silo with this gateway", e);
        }
        catch
        {
            connection?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    public void Send(Request request, WireWriter frame)
    {
        var pending = request as PendingCall;
        if (pending is not null) _waiting[request.WireId] = pending;
        if (!_connection.TrySend(frame)) request.Fail(Lost());
        // The link may have broken between the two steps, after those that waited were told.
        else if (!_open && pending is not null && _waiting.TryRemove(request.WireId, out _)) request.Fail(Lost());
    }

    public void TrySend(WireWriter frame) => _connection.TrySend(frame);

    public void Forget(Request request) => _waiting.TryRemove(request.WireId, out _);

    public void Dispose() => Close();

    private static FrozenDictionary<string, GrainType> ReadWelcome(WireReader reader, string path)
    {
        var version = (int)reader.ReadVarint();
        if (version != Frames.Version) throw new ConnectionFailedException($"the silo at {path} speaks version {version} of the gateway's protocol, this client {Frames.Version}: restart the silo with this program");
        var types = new Dictionary<string, GrainType>(StringComparer.Ordinal);
        for (var left = reader.ReadVarint(); left > 0; left--) types[reader.ReadString()!] = GrainType.Create(reader.ReadString()!);
        return types.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _connection.ReadAsync(CancellationToken.None) is { } frame) Handle(frame.Kind, new WireReader(frame.Content, _client));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or SerializerException)
        {
            // The silo went away: told below.
        }
        Close();
    }

    private async Task WriteAsync()
    {
        try
        {
            await _connection.WriteAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            Close();
        }
    }

    private void Handle(FrameKind kind, WireReader reader)
    {
        // A call that timed out or was cancelled is forgotten, and its late response has no reader.
        if (!_waiting.TryRemove((long)reader.ReadVarint(), out var call)) return;
        try
        {
            if (kind == FrameKind.Error) call.Fail(CodecOf<Exception>.Instance.Read(reader)!);
            else call.CompleteOwned(Frames.ReadResult(reader, call.Method, call.Step is not null));
        }
        catch (Exception e)
        {
            call.Fail(e);
        }
    }

    private void Close()
    {
        lock (_waiting)
        {
            if (!_open) return;
            _open = false;
        }
        _connection.Dispose();
        foreach (var id in _waiting.Keys)
            if (_waiting.TryRemove(id, out var call)) call.Fail(Lost());
        _client.OnLost(this);
    }

    private SiloUnavailableException Lost() => new($"the connection to the silo at {_path} was lost; what became of the call is unknown");
}
