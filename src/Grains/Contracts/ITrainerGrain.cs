using AlpacaCot.Worker.Protocol;
using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>A device slot: the address of the worker process on it, and the keeper of the fences that it has seen. Key: <c>{node}/{device}</c>; lives on the silo of that node.</summary>
[Alias("alpaca.ITrainerGrain"), Version(1)]
public interface ITrainerGrain : IGrainWithStringKey
{
    /// <summary>Starts an assignment; returns at once. The worker goes on whatever becomes of this grain's activation.</summary>
    [Alias("Start")]
    Task<StartAnswer> StartAsync(SlotAssignment assignment);

    /// <summary>The fence under which this slot works on a sweep now, or 0: how an owner learns after a crash which leases are void.</summary>
    [Alias("RunningFence"), AlwaysInterleave, Idempotent]
    Task<long> RunningFenceAsync(string sweep);

    /// <summary>Stops the assignment of a fence, if it still runs; its end is reported as any other.</summary>
    [Alias("Stop"), AlwaysInterleave, OneWay]
    Task StopAsync(string sweep, long fence);

    /// <summary>
    /// Loads a model for a server; returns when it answers, or with why it does not. A model that is loaded already stays; one that cannot be loaded has gone, and its slot has been given back, when this returns.
    /// </summary>
    [Alias("Serve"), AlwaysInterleave, ResponseTimeout("00:05:00")]
    Task<ServeAnswer> ServeAsync(ServeBaseAssignment assignment, CancellationToken cancellationToken = default);

    /// <summary>Asks a trial's model of a server. The only chunk has the finish reason <see cref="TokenChunk.NotServed"/> where this slot does not serve for it.</summary>
    [Alias("Generate")]
    IAsyncEnumerable<TokenChunk> GenerateAsync(string server, ServedRequest request, CancellationToken cancellationToken = default);

    /// <summary>Ends the worker of a server, which gives the slot back.</summary>
    [Alias("Unload"), AlwaysInterleave]
    Task UnloadAsync(string server);
}

/// <summary>What a slot is to run.</summary>
/// <param name="Sweep">The owner's grain key.</param>
/// <param name="Pack">Name of the pack.</param>
/// <param name="Fence">The pack's fence.</param>
/// <param name="Job">The worker's job.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SlotAssignment.v2")]
public sealed record SlotAssignment([property: Id(0)] string Sweep, [property: Id(1)] string Pack, [property: Id(2)] long Fence, [property: Id(3)] AssignmentJob Job);

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

/// <summary>A slot's answer to an assignment.</summary>
/// <param name="Reply">How it was taken.</param>
/// <param name="SeenFence">The newest fence of this sweep that the slot has seen.</param>
[GenerateSerializer, Immutable, Alias("alpaca.StartAnswer.v1")]
public sealed record StartAnswer([property: Id(0)] StartReply Reply, [property: Id(1)] long SeenFence);

/// <summary>A base that a slot is to serve; each request names its adapter.</summary>
/// <param name="Server">The server: one for each base and precision.</param>
/// <param name="Base">The base model.</param>
/// <param name="Precision">How it is held.</param>
[GenerateSerializer, Immutable, Alias("alpaca.ServeBaseAssignment.v1")]
public sealed record ServeBaseAssignment([property: Id(0)] string Server, [property: Id(1)] string Base, [property: Id(2)] string Precision);

/// <summary>How a slot took a base that it is to serve.</summary>
[GenerateSerializer, Alias("alpaca.ServeReply.v1")]
public enum ServeReply
{
    /// <summary>It is loaded and answers.</summary>
    Serves,

    /// <summary>It could not be loaded; the slot has been given back.</summary>
    Failed,

    /// <summary>The server's model was ending and has ended; the slot has been given back, and may be reserved again.</summary>
    Ended,

    /// <summary>Something else runs there.</summary>
    Busy,
}

/// <summary>A slot's answer to a base that it is to serve.</summary>
/// <param name="Reply">How it was taken.</param>
/// <param name="Problem">Why it does not answer; null where it does.</param>
[GenerateSerializer, Immutable, Alias("alpaca.ServeAnswer.v1")]
public sealed record ServeAnswer([property: Id(0)] ServeReply Reply, [property: Id(1)] string? Problem);

/// <summary>A request to a trial's model on a served base.</summary>
/// <param name="Request">The request.</param>
/// <param name="Adapter">The trial's adapter, or null for the bare base.</param>
/// <param name="Cue">The trial's cue, or null.</param>
/// <param name="Template">The template that it is asked through; null is the one stored beside the adapter or the model.</param>
[GenerateSerializer, Immutable, Alias("alpaca.ServedRequest.v1")]
public sealed record ServedRequest([property: Id(0)] GenerateRequest Request, [property: Id(1)] string? Adapter, [property: Id(2)] string? Cue, [property: Id(3)] string? Template = null);

/// <summary>What a slot's worker has said since the last report that was answered.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Pack">The pack.</param>
/// <param name="Fence">The fence under which the worker works.</param>
/// <param name="Events">The worker's events, in order.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SlotReport.v2")]
public sealed record SlotReport(
    [property: Id(0)] string Slot, [property: Id(1)] string Pack, [property: Id(2)] long Fence, [property: Id(3)] WorkerEvent[] Events);

/// <summary>A sweep's answer to a report: what it changes is on disk.</summary>
/// <param name="Current">Whether the fence counted, and still does; where it does not, the slot must stop.</param>
[GenerateSerializer, Immutable, Alias("alpaca.ReportAnswer.v1")]
public sealed record ReportAnswer([property: Id(0)] bool Current);
