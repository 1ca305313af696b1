using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>A named set of sweeps.</summary>
[GrainType(Type)]
internal sealed class ExperimentGrain : Grain, IExperimentGrain
{
    /// <summary>The grain's type: what is stored is found by it.</summary>
    public const string Type = "experiment";

    /// <summary>The state of a summary that says nothing for long: the sweep has not told its end yet.</summary>
    public const string Unfinished = "running";

    private readonly ExperimentStore _store;
    private readonly HomeLayout _home;
    private readonly TimeProvider _time;
    private Task _written = Task.CompletedTask;

    public ExperimentGrain([FromKeyedServices(GrainStorage.Name)] IGrainStorage storage, HomeLayout home, TimeProvider time)
        => (_store, _home, _time) = (new ExperimentStore(this.GetGrainId(), storage), home, time);

    public override Task OnActivateAsync(CancellationToken cancellationToken) => _store.LoadAsync();

    public async Task<SubmitReply> SubmitAsync(SubmitSweep request)
    {
        var key = $"{this.GetPrimaryKeyString()}/{request.Name}";
        // Before the sweep's grain is activated under a key that can be none.
        if (SweepSubmission.ProblemOf(key, request, _home) is { } problem) return new SubmitReply(key, 0, Existing: false, problem);
        var reply = await GrainFactory.GetGrain<ISweepGrain>(key).SubmitAsync(request);
        if (reply.Problem is not null || _store.Sweeps.Any(sweep => sweep.Name == request.Name)) return reply;
        await WriteAsync(_store.Put(new SweepSummary(request.Name, Unfinished, reply.Trials, 0, 0, _time.GetUtcNow(), null)));
        return reply;
    }

    public Task<SweepSummary[]> ListAsync()
        => PresentAsync([.. _store.Sweeps], sweep => GrainFactory.GetGrain<ISweepGrain>($"{this.GetPrimaryKeyString()}/{sweep}").GetProgressAsync());

    public async Task<DeleteReply> DeleteAsync(string sweep, bool keepAdapters)
    {
        var reply = await GrainFactory.GetGrain<ISweepGrain>($"{this.GetPrimaryKeyString()}/{sweep}").DeleteAsync(keepAdapters);
        // Also where there is none any more: a deletion that was cut short had come this far.
        if (reply.Problem is null && _store.Remove(sweep) is { } page) await WriteAsync(page);
        return reply;
    }

    public Task UpdateAsync(SweepSummary summary) => WriteAsync(_store.Put(summary));

    /// <summary>Summaries as they are now: those of sweeps that have ended stay as they were told, the others are asked, so that a list says what the sweep itself says.</summary>
    public static Task<SweepSummary[]> PresentAsync(IReadOnlyList<SweepSummary> told, Func<string, Task<SweepProgress>> ask)
        => Task.WhenAll(told.Select(async summary => summary.State == Unfinished && await ask(summary.Name) is { State: not "unknown" } present
            ? SweepStatusView.Summary(present, summary.Submitted, summary.Report) : summary));

    /// <summary>A sweep reports its end while it is being submitted once more, which waits for that sweep: writes take their turns here.</summary>
    private Task WriteAsync(int page)
    {
        return _written = AfterAsync(_written);

        async Task AfterAsync(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            try
            {
                await _store.WriteAsync(page);
            }
            catch
            {
                // What is in memory is ahead of the record: the next activation goes on from the record.
                DeactivateOnIdle();
                throw;
            }
        }
    }
}
