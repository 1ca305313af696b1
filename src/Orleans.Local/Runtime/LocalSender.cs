using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Proxies;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>Takes calls to the activations of this process.</summary>
internal sealed class LocalSender(CallMonitor monitor, TimeProvider time, IOptions<SiloMessagingOptions> options, IEnumerable<IOutgoingGrainCallFilter> outgoing) : ICallSender
{
    private Catalog? _catalog;

    public MessagingOptions Options { get; } = options.Value;

    public CallMonitor Monitor { get; } = monitor;

    public TimeProvider Time { get; } = time;

    public IOutgoingGrainCallFilter[] OutgoingFilters { get; } = [.. outgoing];

    private Catalog Catalog => _catalog ?? throw new SiloUnavailableException("the silo has not started");

    public void Attach(Catalog catalog) => _catalog = catalog;

    public void Send(Request request)
    {
        request.Isolate();
        Catalog.Deliver(request);
    }

    public void Cancel(Request request) => Catalog.Find(request.Target)?.Cancel(request);

    public void Forget(Request request) { }

    public object CreateReference(GrainId grainId, InterfaceShape shape) => shape.CreateReference(grainId, this);
}
