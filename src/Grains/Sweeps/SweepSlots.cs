using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Contracts;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The slots that a sweep holds, as the registry knows them.</summary>
internal sealed partial class SweepSlots(string sweep, IGrainFactory grains, TimeProvider time, ILogger logger)
{
    private const int Most = 4096;
    private static readonly TimeSpan _askAgain = TimeSpan.FromSeconds(1);
    private readonly HashSet<long> _heard = [];
    private HashSet<string> _held = [];
    private bool _changed = true;
    private long _asked;

    private IDeviceRegistryGrain Registry => grains.GetGrain<IDeviceRegistryGrain>("default");

    /// <summary>The registry has something new to say.</summary>
    public void Changed() => _changed = true;

    /// <summary>A fence was given or heard of in this activation: its slot need not be asked.</summary>
    public void Heard(long fence) => _heard.Add(fence);

    /// <summary>Asks the registry for as many slots as there is work for. The slots that have work and are no longer this sweep's: they went with their node.</summary>
    public async Task<IReadOnlyList<string>> RefreshAsync(SweepState state)
    {
        var wanted = Math.Min(state.Waiting + state.Leases.Count, Most);
        // The registry tells when slots become free; asked again all the same, since one that has moved has forgotten who waits.
        if (!_changed && (_held.Count >= wanted || time.GetElapsedTime(_asked) < _askAgain)) return [];
        (_changed, _asked) = (false, time.GetTimestamp());
        _held = [.. await Registry.ReserveAsync(sweep, wanted)];
        return [.. state.Leases.Values.Select(pack => pack.Slot!).Where(slot => !_held.Contains(slot)).Distinct()];
    }

    /// <summary>The slots with the fence that each works under; those that no waiting pack needs go back.</summary>
    public async Task<IReadOnlyList<SlotOffer>> OffersAsync(SweepState state)
    {
        var busy = state.Leases.Values.ToDictionary(pack => pack.Slot!, pack => pack.Fence, StringComparer.Ordinal);
        // Leases from before this activation: the slot knows whether it still works on them.
        var unheard = state.Leases.Values.Where(pack => !_heard.Contains(pack.Fence) && _held.Contains(pack.Slot!)).ToList();
        foreach (var (pack, fence) in await Task.WhenAll(unheard.Select(async pack => (pack, await RunningFenceAsync(pack.Slot!)))))
            if (fence != pack.Fence) busy.Remove(pack.Slot!);
        // A slot that has lost its pack is offered again: the pack is about to wait for one.
        var leased = state.Leases.Values.Select(pack => pack.Slot!).ToHashSet(StringComparer.Ordinal);
        if (state.Waiting == 0) await ReleaseAsync([.. _held.Where(slot => !leased.Contains(slot))]);
        return [.. _held.Order(StringComparer.Ordinal).Select(slot => new SlotOffer(slot, busy.TryGetValue(slot, out var fence) ? fence : null))];
    }

    /// <summary>Gives an assignment to a slot; the refusal, or null.</summary>
    public async Task<StartRefused?> StartAsync(string slot, SlotAssignment assignment)
    {
        Heard(assignment.Fence);
        try
        {
            var answer = await grains.GetGrain<ITrainerGrain>(slot).StartAsync(assignment);
            return answer.Reply switch
            {
                StartReply.Busy => new StartRefused(slot, assignment.Fence, RefusalKind.Busy, "the slot is busy"),
                StartReply.Stale => new StartRefused(slot, assignment.Fence, RefusalKind.Stale, "the slot has seen a newer fence", answer.SeenFence),
                // A slot that has accepted says so itself with its worker's first word.
                _ => null,
            };
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return new StartRefused(slot, assignment.Fence, RefusalKind.Unavailable, e.Message);
        }
    }

    /// <summary>Gives all slots back.</summary>
    public async Task ReleaseAllAsync()
    {
        // Those of an earlier activation as well, which this one may not have asked for.
        if (_changed) _held = [.. await Registry.ReserveAsync(sweep, 0)];
        await ReleaseAsync([.. _held]);
    }

    private async Task ReleaseAsync(string[] slots)
    {
        if (slots.Length == 0) return;
        _held.ExceptWith(slots);
        await Registry.ReleaseAsync(sweep, slots);
    }

    private async Task<long> RunningFenceAsync(string slot)
    {
        try
        {
            return await grains.GetGrain<ITrainerGrain>(slot).RunningFenceAsync(sweep);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // Its node is gone, and its workers with it.
            LogSlotLost(sweep, slot, e.Message);
            return 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "sweep {Sweep} cannot reach slot {Slot}: {Problem}")]
    private partial void LogSlotLost(string sweep, string slot, string problem);
}
