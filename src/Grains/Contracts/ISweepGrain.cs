using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>An experiment: a named set of sweeps. Key: its name.</summary>
[Alias("alpaca.IExperimentGrain")]
public interface IExperimentGrain : IGrainWithStringKey
{
    /// <summary>Submits a sweep; the same operation again returns the same sweep.</summary>
    [Alias("Submit")]
    Task<SubmitReply> SubmitAsync(SubmitSweep request);

    /// <summary>All sweeps, in the order of their submission.</summary>
    [Alias("List"), ReadOnly, AlwaysInterleave]
    Task<SweepSummary[]> ListAsync();

    /// <summary>Takes the news of one of its sweeps.</summary>
    [Alias("Update"), AlwaysInterleave]
    Task UpdateAsync(SweepSummary summary);
}

/// <summary>A sweep: the grid of trials, its packs, leases and fences. Key: <c>{experiment}/{sweep}</c>.</summary>
[Alias("alpaca.ISweepGrain")]
public interface ISweepGrain : IGrainWithStringKey
{
    /// <summary>Takes the specification, expands it and begins to drive it.</summary>
    [Alias("Submit")]
    Task<SubmitReply> SubmitAsync(SubmitSweep request);

    /// <summary>State of the sweep and of every trial.</summary>
    [Alias("GetStatus"), ReadOnly, AlwaysInterleave]
    Task<SweepStatus> GetStatusAsync();

    /// <summary>Cancels what is not done yet.</summary>
    [Alias("Cancel")]
    Task CancelAsync();

    /// <summary>Takes up what a crash or a cancellation left undone; harmless on a sweep that runs or is done.</summary>
    [Alias("Resume")]
    Task ResumeAsync(bool retryFailed);

    /// <summary>The silo has started: goes on where its end left the sweep. What was cancelled or has ended stays so.</summary>
    [Alias("Wake")]
    Task WakeAsync();

    /// <summary>Writes the report (Markdown, HTML, JSON) anew and says where it is.</summary>
    [Alias("WriteReport"), ResponseTimeout("00:05:00")]
    Task<ReportFiles> WriteReportAsync();

    /// <summary>News after a sequence number; ends when the sweep ends. A gap is told by a jump of the number.</summary>
    [Alias("Watch")]
    IAsyncEnumerable<SweepNews> WatchAsync(long afterSequence, CancellationToken cancellationToken = default);

    /// <summary>
    /// A slot reports what its worker said, which also renews the lease; without news it is the renewal alone.
    /// False tells the slot that its fence is no longer the current one: it must stop.
    /// </summary>
    [Alias("Report")]
    Task<bool> ReportAsync(SlotReport report);

    /// <summary>The registry has free slots again.</summary>
    [Alias("SlotsFreed"), OneWay]
    Task SlotsFreedAsync();

    /// <summary>Where a trial's model is, for serving it.</summary>
    [Alias("Locate"), ReadOnly, AlwaysInterleave]
    Task<TrainedModel> LocateAsync(string trial);
}

/// <summary>A sweep to be run.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SubmitSweep.v1")]
public sealed record SubmitSweep
{
    /// <summary>Its name within the experiment.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary>The specification as the user wrote it.</summary>
    [Id(1)] public required string Yaml { get; init; }

    /// <summary>What relative paths in it are relative to.</summary>
    [Id(2)] public required string BaseDirectory { get; init; }

    /// <summary>Facts about models and data that the check before the run has found, as JSON.</summary>
    [Id(3)] public required string Facts { get; init; }

    /// <summary>Where the sweep's files go.</summary>
    [Id(4)] public required string Directory { get; init; }
}

/// <summary>How a submission was taken.</summary>
/// <param name="Key">The sweep's grain key.</param>
/// <param name="Trials">How many trials it has.</param>
/// <param name="Existing">Whether the sweep was there before.</param>
/// <param name="Problem">Why it was refused, or null.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SubmitReply.v1")]
public sealed record SubmitReply([property: Id(0)] string Key, [property: Id(1)] int Trials, [property: Id(2)] bool Existing, [property: Id(3)] string? Problem);

/// <summary>A sweep in one line.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SweepSummary.v1")]
public sealed record SweepSummary(
    [property: Id(0)] string Name, [property: Id(1)] string State, [property: Id(2)] int Trials, [property: Id(3)] int Done, [property: Id(4)] int Failed,
    [property: Id(5)] DateTimeOffset Submitted, [property: Id(6)] string? Report);

/// <summary>State of a sweep and of its trials.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SweepStatus.v1")]
public sealed record SweepStatus
{
    /// <summary>Its name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary><c>unknown</c>, <c>running</c>, <c>done</c>, <c>failed</c>, <c>cancelled</c>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>Its trials in the order of the grid.</summary>
    [Id(2)] public required TrialStatus[] Trials { get; init; }

    /// <summary>Sequence number of the last news.</summary>
    [Id(3)] public long Sequence { get; init; }

    /// <summary>The report's page, once it is written.</summary>
    [Id(4)] public string? Report { get; init; }

    /// <summary>Aggregates as JSON, once the sweep has ended.</summary>
    [Id(5)] public string? Aggregates { get; init; }

    /// <summary>Its packs.</summary>
    [Id(6)] public PackStatus[] Packs { get; init; } = [];

    /// <summary>Why the sweep's record cannot be written (a full disk); null where it can.</summary>
    [Id(7)] public string? Problem { get; init; }
}

/// <summary>State of a trial.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.TrialStatus.v1")]
public sealed record TrialStatus
{
    /// <summary>Its name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary><c>pending</c>, <c>leased</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelled</c>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>The fence under which its result was accepted, or it runs.</summary>
    [Id(2)] public long Fence { get; init; }

    /// <summary>Attempts that counted.</summary>
    [Id(3)] public int Attempts { get; init; }

    /// <summary>Its metrics by <c>suite/metric</c>.</summary>
    [Id(4)] public Dictionary<string, double> Metrics { get; init; } = [];

    /// <summary>Why it failed.</summary>
    [Id(5)] public string? Message { get; init; }

    /// <summary>The training that it asks.</summary>
    [Id(6)] public string? Training { get; init; }
}

/// <summary>State of a pack.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.PackStatus.v1")]
public sealed record PackStatus(
    [property: Id(0)] string Name, [property: Id(1)] string State, [property: Id(2)] string? Slot, [property: Id(3)] long Fence, [property: Id(4)] int Attempts,
    [property: Id(5)] int Members, [property: Id(6)] long Step, [property: Id(7)] long Total, [property: Id(8)] double? Loss, [property: Id(9)] double? TokensPerSecond,
    [property: Id(10)] string? Message);

/// <summary>One piece of news of a sweep.</summary>
/// <param name="Sequence">Counts the sweep's news.</param>
/// <param name="Kind"><c>state</c>, <c>pack</c>, <c>trial</c>, <c>progress</c>, <c>heartbeat</c>.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Text">A line for people.</param>
[GenerateSerializer, Immutable, Alias("alpaca.SweepNews.v1")]
public sealed record SweepNews([property: Id(0)] long Sequence, [property: Id(1)] string Kind, [property: Id(2)] string Subject, [property: Id(3)] string Text);

/// <summary>Where a report is.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.ReportFiles.v1")]
public sealed record ReportFiles([property: Id(0)] string Html, [property: Id(1)] string Markdown, [property: Id(2)] string Json);

/// <summary>A trained trial's base and adapter, and how it is asked.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.TrainedModel.v1")]
public sealed record TrainedModel(
    [property: Id(0)] string Base, [property: Id(1)] string Precision, [property: Id(2)] string? Adapter, [property: Id(3)] string? Cue, [property: Id(4)] string? Problem);
