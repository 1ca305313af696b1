using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Grains.Datasets;

/// <summary>What is known of a prepared mix.</summary>
internal sealed class DatasetState
{
    public MixFacts? Facts { get; set; }
}

/// <summary>One preparation at a time of one mix under one tokenizer, template and cutoff.</summary>
[GrainType("dataset")]
internal sealed class DatasetGrain([PersistentState("dataset", GrainStorage.Name)] IPersistentState<DatasetState> state, DatasetWorker worker) : Grain, IDatasetGrain
{
    private Task<MixFacts>? _preparing;

    public async Task<MixFacts> PrepareAsync(DatasetRequest request)
    {
        var facts = state.State.Facts ?? await (_preparing ??= RunAsync(request));
        // The key says the content; the names are those of whoever asks.
        return facts with { Model = request.Spec.Models[0].Name, Data = request.Data };
    }

    private async Task<MixFacts> RunAsync(DatasetRequest request)
    {
        try
        {
            var facts = await worker.PrepareAsync(request);
            // What is wrong may be right the next time: a file that is put back.
            if (facts.Error is not null) return facts;
            state.State.Facts = facts;
            await state.SaveAsync(this);
            return facts;
        }
        finally
        {
            _preparing = null;
        }
    }
}
