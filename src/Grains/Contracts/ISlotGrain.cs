using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>A device slot and the worker process on it. Key: <c>{node}/{device}</c>; lives on the silo of that node.</summary>
[Alias("alpaca.ISlotGrain")]
public interface ISlotGrain : IGrainWithStringKey
{
    /// <summary>Starts an assignment; returns at once.</summary>
    [Alias("Start")]
    Task<StartReply> StartAsync(SlotAssignment assignment);

    /// <summary>The fence under which this slot works on a sweep now, or 0: how an owner learns after a crash which leases are void.</summary>
    [Alias("RunningFence"), ReadOnly, AlwaysInterleave]
    Task<long> RunningFenceAsync(string sweep);

    /// <summary>Stops the assignment of a fence, if it still runs.</summary>
    [Alias("Stop")]
    Task StopAsync(string sweep, long fence);
}

/// <summary>All slots there are, and who uses them. Key: <c>default</c>.</summary>
[Alias("alpaca.ISlotRegistryGrain")]
public interface ISlotRegistryGrain : IGrainWithStringKey
{
    /// <summary>A node tells its slots; a newer epoch of the same node replaces the older.</summary>
    [Alias("Register")]
    Task RegisterAsync(string node, long epoch, string[] slots);

    /// <summary>Reserves up to <paramref name="count"/> free slots for a sweep. The sweep is told when slots become free again.</summary>
    [Alias("Reserve")]
    Task<string[]> ReserveAsync(string sweep, int count);

    /// <summary>Gives slots back.</summary>
    [Alias("Release")]
    Task ReleaseAsync(string sweep, string[] slots);

    /// <summary>All slots with their users.</summary>
    [Alias("List"), ReadOnly, AlwaysInterleave]
    Task<SlotStatus[]> ListAsync();
}

/// <summary>A model that answers requests. Key: <c>{experiment}/{sweep}/{trial}</c>.</summary>
[Alias("alpaca.IModelServerGrain")]
public interface IModelServerGrain : IGrainWithStringKey
{
    /// <summary>Continues a prompt; tokens come as they are made. The first request loads the model.</summary>
    [Alias("Generate")]
    IAsyncEnumerable<TokenChunk> GenerateAsync(GenerateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Ends the worker behind it.</summary>
    [Alias("Unload")]
    Task UnloadAsync();
}

/// <summary>What a slot is to run.</summary>
/// <param name="Sweep">The owner's grain key.</param>
/// <param name="Pack">Name of the pack.</param>
/// <param name="Fence">The pack's fence.</param>
/// <param name="Job">The worker's job as JSON.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SlotAssignment.v1")]
public sealed record SlotAssignment([property: Id(0)] string Sweep, [property: Id(1)] string Pack, [property: Id(2)] long Fence, [property: Id(3)] string Job);

/// <summary>How a slot took an assignment.</summary>
[GenerateSerializer, Alias("alpaca.StartReply.v1")]
public enum StartReply
{
    /// <summary>It is being started.</summary>
    Started,

    /// <summary>It runs already.</summary>
    AlreadyRunning,

    /// <summary>The slot has seen a newer fence of this sweep.</summary>
    Stale,

    /// <summary>Something else runs.</summary>
    Busy,
}

/// <summary>What a slot's worker has said since the last report.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Pack">The pack.</param>
/// <param name="Fence">The fence under which the worker works.</param>
/// <param name="Events">The worker's events as JSON, in order.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SlotReport.v1")]
public sealed record SlotReport([property: Id(0)] string Slot, [property: Id(1)] string Pack, [property: Id(2)] long Fence, [property: Id(3)] string[] Events);

/// <summary>A slot and who uses it.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SlotStatus.v1")]
public sealed record SlotStatus([property: Id(0)] string Slot, [property: Id(1)] string? User);

/// <summary>A request to a model server.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.GenerateRequest.v1")]
public sealed record GenerateRequest
{
    /// <summary>The instruction, or the raw text.</summary>
    [Id(0)] public required string Prompt { get; init; }

    /// <summary>Take the prompt as it is, without the template that trained the model.</summary>
    [Id(1)] public bool Raw { get; init; }

    /// <summary>Most new tokens.</summary>
    [Id(2)] public int MaxNewTokens { get; init; } = 128;

    /// <summary>0 is greedy.</summary>
    [Id(3)] public double Temperature { get; init; }

    /// <summary>Keeps the smallest set of tokens of this mass.</summary>
    [Id(4)] public double TopP { get; init; } = 1;

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    [Id(5)] public int TopK { get; init; }

    /// <summary>Seed of the sampler.</summary>
    [Id(6)] public long Seed { get; init; }

    /// <summary>Texts that end the answer.</summary>
    [Id(7)] public string[] Stop { get; init; } = [];
}

/// <summary>New tokens of a request.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.TokenChunk.v1")]
public sealed record TokenChunk(
    [property: Id(0)] long Sequence, [property: Id(1)] int[] Ids, [property: Id(2)] string Text, [property: Id(3)] string? FinishReason, [property: Id(4)] string? Error);
