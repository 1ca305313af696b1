using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace AlpacaCot.Grains.Contracts;

/// <summary>A sweep: the grid of trials, its packs, leases and fences. Key: <c>{experiment}/{sweep}</c>.</summary>
[Alias("alpaca.ISweepGrain"), Version(1)]
public interface ISweepGrain : IGrainWithStringKey
{
    /// <summary>Takes the specification, expands it and begins to drive it.</summary>
    [Alias("Submit")]
    Task<SubmitReply> SubmitAsync(SubmitSweep request);

    /// <summary>State of the sweep and of every trial.</summary>
    [Alias("GetStatus"), AlwaysInterleave, Idempotent]
    Task<SweepStatus> GetStatusAsync();

    /// <summary>
    /// How far the sweep is, in a few hundred bytes however many trials it has. Whoever follows a sweep has nearly always this call under way: where its silo is lost, it is the one
    /// that nobody answers, and is soon put again.
    /// </summary>
    [Alias("GetProgress"), AlwaysInterleave, Idempotent, ResponseTimeout("00:00:10")]
    Task<SweepProgress> GetProgressAsync();

    /// <summary>Cancels what is not done yet.</summary>
    [Alias("Cancel")]
    Task CancelAsync();

    /// <summary>Takes up what a crash or a cancellation left undone; harmless on a sweep that runs or is done.</summary>
    [Alias("Resume")]
    Task ResumeAsync(bool retryFailed);

    /// <summary>A silo has started: goes on where its end left the sweep. What was cancelled or has ended stays so.</summary>
    [Alias("Wake")]
    Task WakeAsync();

    /// <summary>Writes the report (Markdown, HTML, JSON) anew and says where it is.</summary>
    [Alias("WriteReport"), ResponseTimeout("00:05:00")]
    Task<ReportFiles> WriteReportAsync(CancellationToken cancellationToken = default);

    /// <summary>What the sweep is made of, and which files its record refers to; null where there is no such sweep.</summary>
    [Alias("Show"), AlwaysInterleave, Idempotent]
    Task<SweepDetails?> ShowAsync();

    /// <summary>All that is known of one trial; null where there is none of that name.</summary>
    [Alias("ShowTrial"), AlwaysInterleave, Idempotent]
    Task<TrialDetails?> ShowTrialAsync(string trial);

    /// <summary>Deletes the sweep's record and files, if it has ended; its experiment calls this and forgets it then.</summary>
    [Alias("Delete"), ResponseTimeout("00:05:00")]
    Task<DeleteReply> DeleteAsync(bool keepAdapters);

    /// <summary>Events after a sequence number; ends when the sweep ends. A gap is told by a jump of the number.</summary>
    [Alias("Watch")]
    IAsyncEnumerable<WatchedEvent> WatchAsync(long afterSequence, CancellationToken cancellationToken = default);

    /// <summary>
    /// A slot reports what its worker said, which also renews the lease; without events it is the renewal alone. It is answered once what it changes is on disk: a slot repeats what was not
    /// answered, and forgets what was. What is reported twice counts once.
    /// </summary>
    [Alias("Report"), AlwaysInterleave]
    Task<ReportAnswer> ReportAsync(SlotReport report);

    /// <summary>The registry has free slots again, or slots of this sweep are gone with their node.</summary>
    [Alias("SlotsChanged"), OneWay]
    Task SlotsChangedAsync();

    /// <summary>Where a trial's model is, for serving it.</summary>
    [Alias("Locate"), AlwaysInterleave, Idempotent]
    Task<TrainedModel> LocateAsync(string trial);
}

/// <summary>An event of a sweep, as watchers see it.</summary>
/// <param name="Sequence">Counts the sweep's events.</param>
/// <param name="Kind"><c>state</c>, <c>pack</c>, <c>trial</c>, <c>progress</c>, <c>heartbeat</c>.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Text">A line for people.</param>
[GenerateSerializer, Immutable, Alias("alpaca.WatchedEvent.v1")]
public sealed record WatchedEvent([property: Id(0)] long Sequence, [property: Id(1)] string Kind, [property: Id(2)] string Subject, [property: Id(3)] string Text);

/// <summary>Where a report is.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.ReportFiles.v1")]
public sealed record ReportFiles([property: Id(0)] string Html, [property: Id(1)] string Markdown, [property: Id(2)] string Json);

/// <summary>A trial's base and adapter, and how it is asked. An untuned base has no adapter, and names the template that an adapter would bring.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.TrainedModel.v1")]
public sealed record TrainedModel(
    [property: Id(0)] string Base, [property: Id(1)] string Precision, [property: Id(2)] string? Adapter, [property: Id(3)] string? Cue, [property: Id(4)] string? Problem,
    [property: Id(5)] string? Template = null);
