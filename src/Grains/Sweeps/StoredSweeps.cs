using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Contracts;
using Orleans.Storage;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What the records in a store say about sweeps, where no silo runs that could be asked.</summary>
public sealed class StoredSweeps(IGrainStorage storage)
{
    /// <summary>The sweeps of an experiment, as its grain would list them.</summary>
    public async Task<SweepSummary[]> ListAsync(string experiment)
    {
        var listed = new ExperimentStore(GrainId.Create(ExperimentGrain.Type, experiment), storage);
        await listed.LoadAsync();
        return await ExperimentGrain.PresentAsync([.. listed.Sweeps], async sweep =>
        {
            var (record, store) = await LoadAsync($"{experiment}/{sweep}");
            return SweepStatusView.Progress(sweep, record, store, new LiveProgress(TimeProvider.System), driven: false);
        });
    }

    /// <summary>A sweep, as its grain would show it; the state is <c>unknown</c> where there is none.</summary>
    /// <param name="sweep">The sweep's grain key.</param>
    public async Task<SweepStatus> StatusAsync(string sweep)
    {
        var (state, store) = await LoadAsync(sweep);
        return SweepStatusView.Status(sweep, state, store, new LiveProgress(TimeProvider.System), 0, driven: false);
    }

    /// <summary>What a sweep is made of; null where there is none.</summary>
    /// <param name="sweep">The sweep's grain key.</param>
    public async Task<SweepDetails?> ShowAsync(string sweep)
    {
        var (state, store) = await LoadAsync(sweep);
        return SweepDetailsView.Of(sweep, state, store, driven: false);
    }

    /// <summary>All that is known of a trial; null where there is none.</summary>
    /// <param name="sweep">The sweep's grain key.</param>
    /// <param name="trial">The trial's name.</param>
    public async Task<TrialDetails?> ShowTrialAsync(string sweep, string trial)
    {
        var (state, store) = await LoadAsync(sweep);
        return SweepDetailsView.OfTrial(trial, state, store, driven: false);
    }

    private async Task<(SweepState? State, SweepStore Store)> LoadAsync(string sweep)
    {
        var store = new SweepStore(GrainId.Create(SweepGrain.Type, sweep), storage, new RecordHealth());
        return (await store.LoadAsync(), store);
    }
}
