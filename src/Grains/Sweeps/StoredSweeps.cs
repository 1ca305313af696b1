using AlpacaCot.Grains.Contracts;
using Orleans.Storage;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What the records in a store say about sweeps, where no silo runs that could be asked.</summary>
public sealed class StoredSweeps(IGrainStorage storage)
{
    /// <summary>The sweeps of an experiment, as its grain would list them.</summary>
    public async Task<SweepSummary[]> ListAsync(string experiment)
    {
        var state = new GrainState<ExperimentState>(new ExperimentState());
        await storage.ReadStateAsync(ExperimentGrain.StateName, GrainId.Create(ExperimentGrain.Type, experiment), state);
        return [.. state.State!.Sweeps];
    }

    /// <summary>A sweep, as its grain would show it; the state is <c>unknown</c> where there is none.</summary>
    /// <param name="sweep">The sweep's grain key.</param>
    public async Task<SweepStatus> StatusAsync(string sweep)
    {
        var store = new SweepStore(GrainId.Create(SweepGrain.Type, sweep), storage, new RecordHealth());
        return SweepStatusView.Status(sweep, await store.LoadAsync(), store, new LiveProgress(TimeProvider.System), 0);
    }
}
