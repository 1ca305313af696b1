using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>An experiment: a named set of sweeps. Key: its name.</summary>
[Alias("alpaca.IExperimentGrain"), Version(1)]
public interface IExperimentGrain : IGrainWithStringKey
{
    /// <summary>Submits a sweep; the same operation again returns the same sweep.</summary>
    [Alias("Submit")]
    Task<SubmitReply> SubmitAsync(SubmitSweep request);

    /// <summary>All sweeps, in the order of their submission.</summary>
    [Alias("List"), AlwaysInterleave, Idempotent]
    Task<SweepSummary[]> ListAsync();

    /// <summary>Takes the present summary of one of its sweeps. A sweep whose summary says that it runs is asked again whenever sweeps are listed.</summary>
    [Alias("Update"), AlwaysInterleave]
    Task UpdateAsync(SweepSummary summary);

    /// <summary>Deletes a sweep that has ended: its record and its files.</summary>
    [Alias("Delete"), ResponseTimeout("00:05:00")]
    Task<DeleteReply> DeleteAsync(string sweep, bool keepAdapters);
}

/// <summary>A sweep to be run.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SubmitSweep.v2")]
public sealed record SubmitSweep
{
    /// <summary>Its name within the experiment.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary>Its specification, read and checked.</summary>
    [Id(1)] public required SweepSpec Spec { get; init; }

    /// <summary>What relative paths in it are relative to.</summary>
    [Id(2)] public required string BaseDirectory { get; init; }

    /// <summary>Facts about models and data that the check before the run has found.</summary>
    [Id(3)] public required SpecFacts Facts { get; init; }

    /// <summary>Where the sweep's files go.</summary>
    [Id(4)] public required string Directory { get; init; }

    /// <summary>Compute everything anew: nothing is taken over from other sweeps of the home.</summary>
    [Id(5)] public bool Fresh { get; init; }
}

/// <summary>How a submission was taken.</summary>
/// <param name="Key">The sweep's grain key.</param>
/// <param name="Trials">How many trials it has.</param>
/// <param name="Existing">Whether the sweep was there before.</param>
/// <param name="Problem">Why it was refused, or null.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SubmitReply.v1")]
public sealed record SubmitReply([property: Id(0)] string Key, [property: Id(1)] int Trials, [property: Id(2)] bool Existing, [property: Id(3)] string? Problem);

/// <summary>How a deletion went.</summary>
/// <param name="Problem">Why it is not deleted, or null.</param>
/// <param name="Unfinished">Whether that is because it has not ended yet.</param>
[GenerateSerializer, Immutable, Alias("alpaca.DeleteReply.v1")]
public sealed record DeleteReply([property: Id(0)] string? Problem, [property: Id(1)] bool Unfinished);

/// <summary>A sweep in one line.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SweepSummary.v1")]
public sealed record SweepSummary(
    [property: Id(0)] string Name, [property: Id(1)] string State, [property: Id(2)] int Trials, [property: Id(3)] int Done, [property: Id(4)] int Failed,
    [property: Id(5)] DateTimeOffset Submitted, [property: Id(6)] string? Report);
