namespace AlpacaCot.Tests.LocalSilo.Processes;

public interface IDurableCounterGrain : IGrainWithStringKey
{
    Task<int> Add(int by);

    Task<int> Get();

    Task Fill(int bytes);
}

public sealed class CounterState
{
    public int Value { get; set; }

    public string Filler { get; set; } = "";
}

public class DurableCounterGrain([PersistentState("counter")] IPersistentState<CounterState> state) : Grain, IDurableCounterGrain
{
    public async Task<int> Add(int by)
    {
        state.State.Value += by;
        state.State.Filler = new string('x', state.State.Value % 200);
        await state.WriteStateAsync();
        return state.State.Value;
    }

    public Task Fill(int bytes)
    {
        state.State.Value = bytes;
        state.State.Filler = new string('x', bytes);
        return state.WriteStateAsync();
    }

    public Task<int> Get() => Task.FromResult(state.State.Value);
}
