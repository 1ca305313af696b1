using Orleans.CodeGeneration;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Which sweeps are not done: what a starting silo takes up again. Key: <c>default</c>.</summary>
[Alias("alpaca.ISweepIndexGrain"), Version(1)]
internal interface ISweepIndexGrain : IGrainWithStringKey
{
    [Alias("Add")]
    Task AddAsync(string sweep);

    [Alias("Remove")]
    Task RemoveAsync(string sweep);

    [Alias("List")]
    Task<string[]> ListAsync();
}

internal sealed class SweepIndexState
{
    public SortedSet<string> Sweeps { get; set; } = new(StringComparer.Ordinal);
}

[GrainType("sweep-index")]
internal sealed class SweepIndexGrain([PersistentState("index", GrainStorage.Name)] IPersistentState<SweepIndexState> state) : Grain, ISweepIndexGrain
{
    public Task AddAsync(string sweep) => state.State.Sweeps.Add(sweep) ? state.SaveAsync(this) : Task.CompletedTask;

    public Task RemoveAsync(string sweep) => state.State.Sweeps.Remove(sweep) ? state.SaveAsync(this) : Task.CompletedTask;

    public Task<string[]> ListAsync() => Task.FromResult(state.State.Sweeps.ToArray());
}
