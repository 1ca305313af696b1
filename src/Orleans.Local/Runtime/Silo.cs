using System.Net;
using AlpacaCot.LocalSilo.Hosting;
using AlpacaCot.LocalSilo.Placement;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>The silo: what its parts share.</summary>
internal sealed class Silo : IDisposable
{
    public Silo(
        IServiceProvider services, GrainClasses classes, TimeProvider time, ILoggerFactory loggers, IOptions<SiloMessagingOptions> messaging,
        IOptions<GrainCollectionOptions> collection, IOptions<SchedulingOptions> scheduling, IEnumerable<IIncomingGrainCallFilter> incoming, LocalSender sender)
    {
        Services = services;
        Classes = classes;
        Time = time;
        Logger = loggers.CreateLogger("Orleans.Runtime");
        Messaging = messaging.Value;
        Collection = collection.Value;
        Scheduling = scheduling.Value;
        IncomingFilters = [.. incoming];
        Sender = sender;
        Catalog = new Catalog(this);
        Placement = new PlacementFilters(this);
        sender.Attach(Catalog);
    }

    public IServiceProvider Services { get; }

    public GrainClasses Classes { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public SiloMessagingOptions Messaging { get; }

    public GrainCollectionOptions Collection { get; }

    public SchedulingOptions Scheduling { get; }

    public IIncomingGrainCallFilter[] IncomingFilters { get; }

    public LocalSender Sender { get; }

    public Catalog Catalog { get; }

    public PlacementFilters Placement { get; }

    public TimeSpan AgeLimitOf(GrainClass grain)
        => grain.CollectionAge ?? (Collection.ClassSpecificCollectionAge.TryGetValue(grain.Type.FullName!, out var own) ? own : Collection.CollectionAge);

    public void Dispose() => Catalog.Dispose();
}

/// <inheritdoc/>
internal sealed class LocalSiloDetails : ILocalSiloDetails
{
    public LocalSiloDetails(IOptions<SiloOptions> silo, IOptions<ClusterOptions> cluster, TimeProvider time, IEnumerable<LocalEndpoint> endpoints)
    {
        var endpoint = endpoints.LastOrDefault() ?? new LocalEndpoint(IPAddress.Loopback, 0);
        // Seconds since an epoch of the software's own: it grows from start to start.
        var generation = (int)(time.GetUtcNow() - new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds;
        SiloAddress = SiloAddress.New(endpoint.Address, endpoint.Port, generation);
        Name = silo.Value.SiloName ?? $"Silo_{generation:x}";
        ClusterId = cluster.Value.ClusterId;
    }

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName => Environment.MachineName;

    public SiloAddress SiloAddress { get; }

    public SiloAddress GatewayAddress => SiloAddress;
}
