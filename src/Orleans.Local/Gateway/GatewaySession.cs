using System.Collections.Concurrent;
using System.Net.Sockets;
using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Runtime;
using AlpacaCot.LocalSilo.Serialization;

namespace AlpacaCot.LocalSilo.Gateway;

/// <summary>One client's connection, on the silo's side.</summary>
internal sealed class GatewaySession
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);
    private readonly Silo _silo;
    private readonly ILogger _logger;
    private readonly FrameConnection _connection;
    private readonly ConcurrentDictionary<long, GatewayRequest> _running = new();
    private readonly CancellationTokenSource _closing = new();
    private Task _writing = Task.CompletedTask;

    public GatewaySession(Silo silo, Socket socket, ILogger logger)
    {
        _silo = silo;
        _logger = logger;
        _connection = new FrameConnection(socket, silo.Messaging.MaxMessageBodySize + (1 << 20));
    }

    private int Largest => _silo.Messaging.MaxMessageBodySize;

    public async Task RunAsync()
    {
        _writing = _connection.WriteAsync();
        try
        {
            while (await _connection.ReadAsync(_closing.Token) is { } frame) Handle(frame.Kind, new WireReader(frame.Content, _silo.Sender));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or the silo stops.
        }
        catch (SerializerException e)
        {
            GatewayLog.BadFrame(_logger, e);
        }
        _connection.Finish();
        await Task.WhenAny(_writing, Task.Delay(s_farewell, _silo.Time));
        _connection.Dispose();
        // Nobody is left to pull the streams; other requests run on, as their effects may matter.
        foreach (var request in _running.Values)
            if (request.Step is not null) _silo.Sender.Cancel(request);
    }

    public Task CloseAsync() => _closing.CancelAsync();

    /// <summary>Sends a response and forgets its request.</summary>
    public void Respond(GatewayRequest request, Func<WireWriter> frame)
    {
        _running.TryRemove(request.WireId, out _);
        WireWriter response;
        try
        {
            response = frame();
        }
        catch (Exception e)
        {
            response = Frames.Error(request.WireId, e);
        }
        _connection.TrySend(response);
    }

    public WireWriter Result(GatewayRequest request, object? result) => Frames.Result(request.WireId, request.Method, request.Step is not null, result, Largest);

    private void Handle(FrameKind kind, WireReader reader)
    {
        switch (kind)
        {
            case FrameKind.Hello:
                reader.ReadVarint();
                _connection.TrySend(Welcome());
                break;
            case FrameKind.Call:
                Start(reader);
                break;
            case FrameKind.Cancel:
                if (_running.TryGetValue((long)reader.ReadVarint(), out var request)) _silo.Sender.Cancel(request);
                break;
            default:
                throw new SerializerException($"a client sent a frame of kind {kind}");
        }
    }

    private void Start(WireReader reader)
    {
        var id = (long)reader.ReadVarint();
        try
        {
            var target = GrainId.Parse(reader.ReadString() ?? "");
            var name = reader.ReadString() ?? "";
            var shape = InterfaceShape.ByName(name) ?? throw new ArgumentException($"the silo knows no grain interface '{name}': is it of another version than its client?");
            var wireName = reader.ReadString() ?? "";
            var method = shape.Method(wireName) ?? throw new ArgumentException($"{shape.Type.Name} has no method '{wireName}' in the silo: is it of another version than its client?");
            var oneWay = reader.ReadByte() != 0;
            var step = Frames.ReadStep(reader);
            var values = Frames.ReadContext(reader);
            var arguments = step is { Verb: not Streaming.StreamVerb.Start } ? [] : Frames.ReadArguments(reader, method);
            var request = new GatewayRequest(this, target, method, arguments) { WireId = id, Step = step, Values = values };
            if (!oneWay) _running[id] = request;
            _silo.Catalog.Deliver(request);
        }
        catch (Exception e)
        {
            _connection.TrySend(Frames.Error(id, e));
        }
    }

    private WireWriter Welcome()
    {
        var writer = Frames.Begin(FrameKind.Welcome);
        writer.WriteVarint(Frames.Version);
        writer.WriteVarint((ulong)_silo.Classes.ByInterface.Count);
        foreach (var (name, type) in _silo.Classes.ByInterface)
        {
            writer.WriteString(name);
            writer.WriteString(type.ToString());
        }
        writer.EndBlock(Frames.HeaderSize);
        return writer;
    }
}

/// <summary>A request that came from a client. Its response is written while its turn still runs, so nothing of it needs to be copied.</summary>
internal sealed class GatewayRequest : Request
{
    private static readonly object s_noToken = CancellationToken.None;
    private readonly GatewaySession _session;

    public GatewayRequest(GatewaySession session, GrainId target, MethodShape method, object?[] arguments) : base(target, method, arguments)
    {
        _session = session;
        if (method.TokenIndex < 0 || arguments.Length == 0) return;
        if (method.Returns != ReturnShape.Stream) Cancellation = new CancellationTokenSource();
        arguments[method.TokenIndex] = Cancellation is null ? s_noToken : Cancellation.Token;
    }

    public override void Complete(object? result) => _session.Respond(this, () => _session.Result(this, result));

    public override void Fail(Exception exception) => _session.Respond(this, () => Frames.Error(WireId, exception));
}

internal static partial class GatewayLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "A client's connection is closed: it sent something that is no message")]
    public static partial void BadFrame(ILogger logger, Exception exception);
}
