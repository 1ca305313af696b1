using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What an experiment remembers: its sweeps in the order of their submission.</summary>
internal sealed class ExperimentState
{
    public List<SweepSummary> Sweeps { get; set; } = [];
}

/// <summary>A named set of sweeps.</summary>
[GrainType(Type)]
internal sealed class ExperimentGrain([PersistentState(ExperimentGrain.StateName, GrainStorage.Name)] IPersistentState<ExperimentState> state, HomeLayout home, TimeProvider time) : Grain, IExperimentGrain
{
    /// <summary>The grain's type and its record's name: what is stored is found by them.</summary>
    public const string Type = "experiment", StateName = "experiment";

    /// <summary>The state of a summary that says nothing for long: the sweep has not told its end yet.</summary>
    public const string Unfinished = "running";

    private Task _written = Task.CompletedTask;

    public async Task<SubmitReply> SubmitAsync(SubmitSweep request)
    {
        var key = $"{this.GetPrimaryKeyString()}/{request.Name}";
        // Before the sweep's grain is activated under a key that can be none.
        if (SweepSubmission.ProblemOf(key, request, home) is { } problem) return new SubmitReply(key, 0, Existing: false, problem);
        var reply = await GrainFactory.GetGrain<ISweepGrain>(key).SubmitAsync(request);
        if (reply.Problem is not null || state.State.Sweeps.Any(sweep => sweep.Name == request.Name)) return reply;
        state.State.Sweeps.Add(new SweepSummary(request.Name, Unfinished, reply.Trials, 0, 0, time.GetUtcNow(), null));
        await WriteAsync();
        return reply;
    }

    public Task<SweepSummary[]> ListAsync()
        => PresentAsync([.. state.State.Sweeps], sweep => GrainFactory.GetGrain<ISweepGrain>($"{this.GetPrimaryKeyString()}/{sweep}").GetProgressAsync());

    public async Task<DeleteReply> DeleteAsync(string sweep, bool keepAdapters)
    {
        var reply = await GrainFactory.GetGrain<ISweepGrain>($"{this.GetPrimaryKeyString()}/{sweep}").DeleteAsync(keepAdapters);
        // Also where there is none any more: a deletion that was cut short had come this far.
        if (reply.Problem is null && state.State.Sweeps.RemoveAll(known => known.Name == sweep) > 0) await WriteAsync();
        return reply;
    }

    public async Task UpdateAsync(SweepSummary summary)
    {
        var at = state.State.Sweeps.FindIndex(sweep => sweep.Name == summary.Name);
        if (at < 0) state.State.Sweeps.Add(summary);
        else state.State.Sweeps[at] = summary with { Submitted = state.State.Sweeps[at].Submitted };
        await WriteAsync();
    }

    /// <summary>Summaries as they are now: those of sweeps that have ended stay as they were told, the others are asked, so that a list says what the sweep itself says.</summary>
    public static Task<SweepSummary[]> PresentAsync(IReadOnlyList<SweepSummary> told, Func<string, Task<SweepProgress>> ask)
        => Task.WhenAll(told.Select(async summary => summary.State == Unfinished && await ask(summary.Name) is { State: not "unknown" } present
            ? SweepStatusView.Summary(present, summary.Submitted, summary.Report) : summary));

    /// <summary>A sweep reports its end while it is being submitted once more, which waits for that sweep: writes take their turns here.</summary>
    private Task WriteAsync()
    {
        return _written = AfterAsync(_written);

        async Task AfterAsync(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await state.SaveAsync(this);
        }
    }
}
