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
        await PutAsync(new SweepSummary(request.Name, "running", reply.Trials, 0, 0, _time.GetUtcNow(), null));
        return reply;
    }

    public Task<SweepSummary[]> ListAsync() => Task.FromResult(_store.Sweeps.ToArray());

    public Task UpdateAsync(SweepSummary summary) => PutAsync(summary);

    /// <summary>A sweep reports its end while it is being submitted once more, which waits for that sweep: writes take their turns here.</summary>
    private Task PutAsync(SweepSummary summary)
    {
        var page = _store.Put(summary);
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
