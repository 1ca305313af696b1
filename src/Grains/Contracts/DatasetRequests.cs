using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Grains.Contracts;

/// <summary>The data of a whole sweep, asked of the grains that keep them.</summary>
public static class DatasetRequests
{
    /// <summary>What each mix becomes under the tokenizer of each model that is trained on it; null where the content behind a name is not known, so that nothing can be shared.</summary>
    /// <param name="grains">The grains.</param>
    /// <param name="spec">The sweep.</param>
    /// <param name="facts">What was found out about its models and data.</param>
    /// <param name="baseDirectory">What relative paths in it count from.</param>
    public static async Task<IReadOnlyList<MixFacts>?> PrepareAsync(this IGrainFactory grains, SweepSpec spec, SpecFacts facts, string baseDirectory)
    {
        var keys = new TrialKeys(spec, SpecValidator.Identities(spec, facts));
        var mixes = GridCells.Trained(spec).Select(pair => (pair.Model, pair.Data, Key: keys.Dataset(pair.Model, pair.Data))).ToList();
        if (mixes.Any(mix => mix.Key is null)) return null;
        return await Task.WhenAll(mixes.Select(mix => grains.GetGrain<IDatasetGrain>(mix.Key!).PrepareAsync(new DatasetRequest
        {
            Spec = spec with { Models = [mix.Model], Data = [mix.Data, .. Matched(spec, mix.Data)], Evaluation = [] }, Data = mix.Data.Name, BaseDirectory = baseDirectory,
        })));
    }

    private static IEnumerable<DataSpec> Matched(SweepSpec spec, DataSpec data)
    {
        var names = spec.MatchedWith(data).Select(matched => matched.Name).ToHashSet(StringComparer.Ordinal);
        return spec.Data.Where(other => names.Contains(other.Name));
    }
}
