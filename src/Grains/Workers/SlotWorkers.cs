using System.Collections.Concurrent;
using AlpacaCot.Files;
using AlpacaCot.Grains.Slots;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Workers;

/// <summary>The workers of this silo's slots: one service for the silo's whole life. Activations of grains come and go; a healthy worker must not go with them.</summary>
internal sealed class SlotWorkers(Node node, SlotOptions options, HomeLayout home, IGrainFactory grains, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<SlotWorker>> _slots = new(StringComparer.Ordinal);
    private readonly ILogger _logger = loggers.CreateLogger<SlotWorkers>();
    private readonly int _threads = Math.Max(1, Environment.ProcessorCount / Math.Max(1, node.Devices.Count));

    /// <summary>The worker of a slot.</summary>
    public SlotWorker Of(string slot) => _slots.GetOrAdd(slot, key => new Lazy<SlotWorker>(() => new SlotWorker(key, _threads, options, home, grains, time, _logger))).Value;

    /// <summary>Ends all workers.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var ending in _slots.Values.Select(slot => slot.Value.DisposeAsync().AsTask()).ToList()) await ending;
    }
}
