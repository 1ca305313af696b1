using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>
/// What a data mix becomes under one tokenizer, template and cutoff: prepared once, whichever sweeps of the home ask for it, and kept. Key: a hash of the contents that it follows from
/// (<see cref="AlpacaCot.Specs.Keys.TrialKeys.Dataset"/>), so that what is known never changes.
/// </summary>
[Alias("alpaca.IDatasetGrain"), Version(1)]
public interface IDatasetGrain : IGrainWithStringKey
{
    /// <summary>
    /// Its facts; its tokens lie in the home's cache then. Who asks while it is being prepared waits for the same result; where a preparation fails, who asks next begins anew.
    /// </summary>
    [Alias("Prepare"), AlwaysInterleave, Idempotent, ResponseTimeout("01:00:00")]
    Task<MixFacts> PrepareAsync(DatasetRequest request);
}

/// <summary>What is to be prepared.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.DatasetRequest.v1")]
public sealed record DatasetRequest
{
    /// <summary>The sweep with the one model whose tokenizer counts, and with the mix and those that it is matched with.</summary>
    [Id(0)] public required SweepSpec Spec { get; init; }

    /// <summary>The mix of it that is to be prepared.</summary>
    [Id(1)] public required string Data { get; init; }

    /// <summary>What relative paths in it count from.</summary>
    [Id(2)] public required string BaseDirectory { get; init; }
}
