using AlpacaCot.Kernels;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Adapters;

/// <summary>
/// Dropout whose masks are a function of a key per token, the module and the channel: they depend neither on which other sequences share the batch nor on which rows of a sequence are
/// computed, and a resumed run draws the same ones without any state.
/// </summary>
/// <param name="keys">The tokens' keys, in the order of the rows.</param>
public sealed class RowDropout(ulong[] keys)
{
    /// <summary>What is dropped of rows <c>[rows, width]</c>; null where nothing is.</summary>
    /// <param name="p">The share, in [0, 1).</param>
    /// <param name="module">Number of the module that asks: each has masks of its own.</param>
    public RowMask? Mask(double p, int module) => p == 0 ? null : new RowMask(Array.ConvertAll(keys, key => SplitMix64.Key(key, (ulong)module)), p);
}
