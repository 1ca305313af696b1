using System.Runtime.CompilerServices;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Workers;
using Orleans.Placement;

namespace AlpacaCot.Grains.Slots;

/// <summary>The newest fence of each sweep that a slot has seen: durable, so that nothing older starts here after a restart either.</summary>
internal sealed class SlotState
{
    /// <summary>As many sweeps are remembered; of one that is forgotten, no message can be under way any more.</summary>
    private const int MostSweeps = 64;

    /// <summary>Sweep and fence, the latest last.</summary>
    public List<SeenFence> Seen { get; set; } = [];

    /// <summary>The newest fence of a sweep, or 0.</summary>
    public long Of(string sweep) => Seen.Find(seen => seen.Sweep == sweep)?.Fence ?? 0;

    /// <summary>Takes a newer one.</summary>
    public void See(string sweep, long fence)
    {
        Seen.RemoveAll(seen => seen.Sweep == sweep);
        Seen.Add(new SeenFence(sweep, fence));
        if (Seen.Count > MostSweeps) Seen.RemoveAt(0);
    }
}

/// <summary>The newest fence of a sweep that was seen.</summary>
internal sealed record SeenFence(string Sweep, long Fence);

/// <summary>Speaks for one device slot: keeps the fences that it has seen and passes on what is asked of its worker, which the silo supervises.</summary>
[GrainType("trainer"), SlotNodePlacementFilter, Immovable]
internal sealed class TrainerGrain([PersistentState("slot", GrainStorage.Name)] IPersistentState<SlotState> state, SlotWorkers workers) : Grain, ITrainerGrain
{
    private SlotWorker Worker => workers.Of(this.GetPrimaryKeyString());

    public async Task<StartAnswer> StartAsync(SlotAssignment assignment)
    {
        var seen = state.State.Of(assignment.Sweep);
        StartAnswer Answer(StartReply reply) => new(reply, seen);
        if (Worker.RunningFence(assignment.Sweep) == assignment.Fence) return Answer(StartReply.AlreadyRunning);
        if (assignment.Fence <= seen) return Answer(StartReply.Stale);
        if (Worker.IsBusy) return Answer(StartReply.Busy);
        state.State.See(assignment.Sweep, assignment.Fence);
        await state.SaveAsync(this);
        return Answer(Worker.Start(assignment));
    }

    public Task<long> RunningFenceAsync(string sweep) => Task.FromResult(Worker.RunningFence(sweep));

    public Task StopAsync(string sweep, long fence)
    {
        Worker.Stop(sweep, fence);
        return Task.CompletedTask;
    }

    public Task<ServeAnswer> ServeAsync(ServeBaseAssignment assignment, CancellationToken cancellationToken) => Worker.ServeAsync(assignment).WaitAsync(cancellationToken);

    public async IAsyncEnumerable<TokenChunk> GenerateAsync(
        string server, ServedRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var chunk in Worker.GenerateAsync(server, request, cancellationToken)) yield return chunk;
    }

    public Task UnloadAsync(string server) => Worker.UnloadAsync(server);
}
