using System.Runtime.CompilerServices;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Serving;

/// <summary>
/// Serves one trial's model on a slot of any node: finds the slot that serves its base, or has it loaded on a free one, and passes requests on with the trial's adapter. Nobody asks for a while,
/// and the slot unloads it.
/// </summary>
[GrainType("model-server")]
internal sealed class ModelServerGrain : Grain, IModelServerGrain
{
    private const int Tries = 2;
    private Task<Served>? _serving;

    private string Key => this.GetPrimaryKeyString();

    private IDeviceRegistryGrain Registry => GrainFactory.GetGrain<IDeviceRegistryGrain>("default");

    /// <summary>The slot that serves, and what; or why none does.</summary>
    private sealed record Served(string Slot, TrainedModel Model, string? Problem)
    {
        public Served(string problem) : this("", new TrainedModel("", "", null, null, problem), problem) { }
    }

    public async IAsyncEnumerable<TokenChunk> GenerateAsync(GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            var serving = _serving ??= LoadAsync();
            var served = await serving;
            if (served.Problem is not null)
            {
                // The next request tries again.
                if (_serving == serving) _serving = null;
                yield return Error(served.Problem);
                yield break;
            }
            await using var chunks = GrainFactory.GetGrain<ITrainerGrain>(served.Slot)
                .GenerateAsync(ModelServers.ServerOf(served.Model), new ServedRequest(request, served.Model.Adapter, served.Model.Cue, served.Model.Template), cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(chunks, served.Slot) is { } chunk)
            {
                if (chunk.FinishReason == TokenChunk.NotServed) break;
                yield return chunk;
                if (chunk.IsLast) yield break;
            }
            // Unloaded since it was last asked: once more, from its loading.
            if (_serving == serving) _serving = null;
        }
        yield return Error("the model was unloaded while it was asked; ask again");
    }

    public async Task UnloadAsync()
    {
        _serving = null;
        if (await LocateAsync() is not { Problem: null } model) return;
        var server = ModelServers.ServerOf(model);
        foreach (var slot in (await Registry.ListAsync()).Where(slot => slot.User == ModelServers.UserOf(server))) await GrainFactory.GetGrain<ITrainerGrain>(slot.Slot).UnloadAsync(server);
    }

    private async Task<TrainedModel> LocateAsync()
    {
        var cut = Key.LastIndexOf('/');
        return cut <= 0 || SweepNames.Split(Key[..cut]) is null ? new TrainedModel("", "", null, null, $"'{Key}' is not experiment/sweep/trial") : await GrainFactory.GetGrain<ISweepGrain>(Key[..cut]).LocateAsync(Key[(cut + 1)..]);
    }

    /// <summary>Takes the slot of the base, or a free one, and has the base loaded on it. A slot that is held already, and a base that is loaded already, stay; one that took the base and could not load it gives itself back.</summary>
    private async Task<Served> LoadAsync()
    {
        string[] slots = [];
        var user = "";
        try
        {
            var model = await LocateAsync();
            if (model.Problem is { } missing) return new Served(missing);
            var server = ModelServers.ServerOf(model);
            user = ModelServers.UserOf(server);
            for (var attempt = 1; ; attempt++)
            {
                slots = await Registry.ReserveAsync(user, 1);
                if (slots.Length == 0) return new Served("all slots are busy; ask again when a trial has ended");
                var answer = await GrainFactory.GetGrain<ITrainerGrain>(slots[0]).ServeAsync(new ServeBaseAssignment(server, model.Base, model.Precision));
                if (answer.Problem is null) return new Served(slots[0], model, null);
                if (answer.Reply == ServeReply.Ended && attempt < Tries) continue;
                if (answer.Reply == ServeReply.Busy) await Registry.ReleaseAsync(user, slots);
                return new Served(answer.Problem);
            }
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            if (slots.Length > 0) await Registry.ReleaseAsync(user, slots);
            return new Served($"the slot cannot be reached: {e.Message}");
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

    /// <summary>The server of a trial's base: trials of one base, held alike, share it.</summary>
    public static string ServerOf(TrainedModel model) => $"{model.Precision}:{model.Base}";

    /// <summary>A server as a user of slots.</summary>
    public static string UserOf(string server) => Prefix + server;

    /// <summary>Whether a user is a server; all others are sweeps.</summary>
    public static bool IsServer(string user) => user.StartsWith(Prefix, StringComparison.Ordinal);
}
