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

    private Task _written = Task.CompletedTask;

    public async Task<SubmitReply> SubmitAsync(SubmitSweep request)
    {
        var key = $"{this.GetPrimaryKeyString()}/{request.Name}";
        // Before the sweep's grain is activated under a key that can be none.
        if (SweepSubmission.ProblemOf(key, request, home) is { } problem) return new SubmitReply(key, 0, Existing: false, problem);
        var reply = await GrainFactory.GetGrain<ISweepGrain>(key).SubmitAsync(request);
        if (reply.Problem is not null || state.State.Sweeps.Any(sweep => sweep.Name == request.Name)) return reply;
        state.State.Sweeps.Add(new SweepSummary(request.Name, "running", reply.Trials, 0, 0, time.GetUtcNow(), null));
        await WriteAsync();
        return reply;
    }

    public Task<SweepSummary[]> ListAsync() => Task.FromResult(state.State.Sweeps.ToArray());

    public async Task UpdateAsync(SweepSummary summary)
    {
        var at = state.State.Sweeps.FindIndex(sweep => sweep.Name == summary.Name);
        if (at < 0) state.State.Sweeps.Add(summary);
        else state.State.Sweeps[at] = summary with { Submitted = state.State.Sweeps[at].Submitted };
        await WriteAsync();
    }

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
