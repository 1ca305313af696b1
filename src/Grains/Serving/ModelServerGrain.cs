using System.Runtime.CompilerServices;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Serving;

/// <summary>Serves one trial's model on a slot of any node: finds the slot, has the model loaded there, and passes requests on. Nobody asks for a while, and the slot unloads it.</summary>
[GrainType("model-server")]
internal sealed class ModelServerGrain : Grain, IModelServerGrain
{
    private const int Tries = 2;
    private Task<Served>? _serving;

    private string Key => this.GetPrimaryKeyString();

    private IDeviceRegistryGrain Registry => GrainFactory.GetGrain<IDeviceRegistryGrain>("default");

    /// <summary>The slot that serves, or why none does.</summary>
    private sealed record Served(string? Slot, string? Problem);

    public async IAsyncEnumerable<TokenChunk> GenerateAsync(GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            var serving = _serving ??= LoadAsync();
            var served = await serving;
            if (served.Slot is not { } slot)
            {
                // The next request tries again.
                if (_serving == serving) _serving = null;
                yield return Error(served.Problem!);
                yield break;
            }
            await using var chunks = GrainFactory.GetGrain<ITrainerGrain>(slot).GenerateAsync(Key, request, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(chunks, slot) is { } chunk)
            {
                if (chunk.FinishReason == TokenChunk.NotServed) break;
                yield return chunk;
                if (chunk.FinishReason is not null) yield break;
            }
            // Unloaded since it was last asked: once more, from its loading.
            if (_serving == serving) _serving = null;
        }
        yield return Error("the model was unloaded while it was asked; ask again");
    }

    public async Task UnloadAsync()
    {
        _serving = null;
        foreach (var slot in (await Registry.ListAsync()).Where(slot => slot.User == ModelServers.UserOf(Key))) await GrainFactory.GetGrain<ITrainerGrain>(slot.Slot).UnloadAsync(Key);
    }

    /// <summary>Takes a slot and has the model loaded on it; where that fails, the slot goes back. A slot that is held already, and a model that is loaded already, stay.</summary>
    private async Task<Served> LoadAsync()
    {
        string[] slots = [];
        try
        {
            var cut = Key.LastIndexOf('/');
            if (cut <= 0 || SweepNames.Split(Key[..cut]) is null) return new Served(null, $"'{Key}' is not experiment/sweep/trial");
            var model = await GrainFactory.GetGrain<ISweepGrain>(Key[..cut]).LocateAsync(Key[(cut + 1)..]);
            if (model.Problem is not null) return new Served(null, model.Problem);
            slots = await Registry.ReserveAsync(ModelServers.UserOf(Key), 1);
            if (slots.Length == 0) return new Served(null, "all slots are busy; ask again when a trial has ended");
            var problem = await GrainFactory.GetGrain<ITrainerGrain>(slots[0]).ServeAsync(new ServeAssignment(Key, model));
            if (problem is null) return new Served(slots[0], null);
            await Registry.ReleaseAsync(ModelServers.UserOf(Key), slots);
            return new Served(null, problem);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            if (slots.Length > 0) await Registry.ReleaseAsync(ModelServers.UserOf(Key), slots);
            return new Served(null, $"the slot cannot be reached: {e.Message}");
        }
    }

    /// <summary>The next chunk; null at the end. A slot that is lost in the middle of an answer ends it with an error.</summary>
    private static async Task<TokenChunk?> NextAsync(IAsyncEnumerator<TokenChunk> chunks, string slot)
    {
        try
        {
            return await chunks.MoveNextAsync() ? chunks.Current : null;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or EnumerationAbortedException)
        {
            return Error($"the slot {slot} is gone: {e.Message}");
        }
    }

    private static TokenChunk Error(string problem) => new(0, [], "", "error", problem);
}

/// <summary>How model servers appear among the users of slots.</summary>
internal static class ModelServers
{
    private const string Prefix = "server:";

    /// <summary>A server as a user of slots.</summary>
    public static string UserOf(string server) => Prefix + server;

    /// <summary>Whether a user is a server; all others are sweeps.</summary>
    public static bool IsServer(string user) => user.StartsWith(Prefix, StringComparison.Ordinal);
}
