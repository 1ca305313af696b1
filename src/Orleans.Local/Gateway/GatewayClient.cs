using System.Collections.Frozen;
using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Serialization;
using Orleans.Runtime.Messaging;

namespace AlpacaCot.LocalSilo.Gateway;

/// <summary>Takes calls of a client process to its silo. A lost connection is made anew by the next call.</summary>
internal sealed class GatewayClient(
    IOptions<GatewayPathOptions> path, IOptions<ClientMessagingOptions> options, CallMonitor monitor, TimeProvider time,
    IEnumerable<IOutgoingGrainCallFilter> outgoing, IEnumerable<IClusterConnectionStatusObserver> observers) : ICallSender, IDisposable
{
    private readonly SemaphoreSlim _connecting = new(1);
    private readonly IClusterConnectionStatusObserver[] _observers = [.. observers];
    private FrozenDictionary<string, GrainType>? _grainTypes;
    private volatile GatewayLink? _link;
    private long _lastId;
    private bool _closed;

    public MessagingOptions Options { get; } = options.Value;

    public CallMonitor Monitor { get; } = monitor;

    public TimeProvider Time { get; } = time;

    public IOutgoingGrainCallFilter[] OutgoingFilters { get; } = [.. outgoing];

    private string Path => path.Value.Path ?? throw new OrleansConfigurationException("the client has no gateway: call UseLocalGateway(path) or UseLocalhostClustering");

    /// <summary>Connects where no connection is.</summary>
    /// <exception cref="ConnectionFailedException">No silo answers.</exception>
    public async Task<GatewayLink> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_link is { IsOpen: true } open) return open;
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_link is { IsOpen: true } again) return again;
            ObjectDisposedException.ThrowIf(_closed, this);
            var recovered = _link is not null;
            var link = await GatewayLink.OpenAsync(this, Path, Options.MaxMessageBodySize, cancellationToken);
            _grainTypes = link.GrainTypes;
            _link = link;
            foreach (var observer in _observers) observer.NotifyGatewayCountChanged(1, 0, recovered);
            return link;
        }
        finally
        {
            _connecting.Release();
        }
    }

    public void Send(Request request)
    {
        request.WireId = Interlocked.Increment(ref _lastId);
        var frame = Frames.Call(request, Options.MaxMessageBodySize);
        if (_link is { IsOpen: true } link) link.Send(request, frame);
        else _ = ConnectAndSendAsync(request, frame);
    }

    public void Cancel(Request request) => _link?.TrySend(Frames.Cancel(request.WireId));

    public void Forget(Request request) => _link?.Forget(request);

    public object CreateReference(GrainId grainId, InterfaceShape shape) => shape.CreateReference(grainId, this);

    /// <summary>Which grain type an interface's references mean, as the silo told.</summary>
    public GrainType Resolve(InterfaceShape shape, string? classPrefix)
    {
        if (classPrefix is not null) throw new ArgumentException("a client cannot choose a grain class by its name: give the interface a [DefaultGrainType] in the silo");
        var known = _grainTypes ?? throw new ConnectionFailedException($"the client has not connected to the silo at {Path} yet: start its host first");
        return known.TryGetValue(shape.Name, out var type) ? type : throw new ArgumentException($"no grain class in the silo implements {shape.Type.Name}, or several do");
    }

    /// <summary>A link broke: what waits on it has an unknown outcome.</summary>
    public void OnLost(GatewayLink link)
    {
        if (_closed || _link != link) return;
        foreach (var observer in _observers)
        {
            observer.NotifyGatewayCountChanged(0, 1, false);
            observer.NotifyClusterConnectionLost();
        }
    }

    public void Dispose()
    {
        _closed = true;
        _link?.Dispose();
    }

    private async Task ConnectAndSendAsync(Request request, WireWriter frame)
    {
        try
        {
            var link = await ConnectAsync(CancellationToken.None);
            link.Send(request, frame);
        }
        catch (Exception e)
        {
            frame.Dispose();
            request.Fail(e);
        }
    }
}
