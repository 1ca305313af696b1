using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>Makes fresh adapters for a model.</summary>
public static class AdapterFactory
{
    /// <summary>Creates an adapter with the method's initial values; its configuration gets the resolved targets.</summary>
    /// <param name="decoder">The base model; not changed.</param>
    /// <param name="config">The method and its settings.</param>
    /// <param name="generator">Draws the initial values: same seed, same adapter.</param>
    /// <param name="encode">The base's tokenizer without special tokens, for methods that begin with a text.</param>
    /// <exception cref="AdapterException">The settings are wrong or their targets match nothing.</exception>
    public static Adapter Create(Decoder decoder, AdapterConfig config, Generator generator, Func<string, IReadOnlyList<int>>? encode = null)
        => AdapterMethods.Create(decoder, config, new AdapterStart(generator, encode));

    /// <summary>Refuses settings that name modules which the model does not have, before anything is made.</summary>
    /// <exception cref="AdapterException">They match nothing.</exception>
    public static void RequireTargets(Decoder decoder, AdapterConfig config)
    {
        WithOwnWeights.Check(config.Saved, decoder);
        if (config is TargetedConfig { TargetModules: { IsAllLinear: false } } targeted && AdapterMethods.Of(config).Definition.TargetsProjections) TargetMatcher.MatchWithTables(targeted, decoder);
    }
}
