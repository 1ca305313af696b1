using AlpacaCot.Data;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Training;

/// <summary>
/// The keys of a row's dropout masks. Before the row's first prediction a token's follows from the step and from all tokens up to it, so that rows of a step that begin alike drop alike there
/// and have that beginning in common; from there on it is the row's own. Which batch, and which part of a step, a row is computed in changes nothing.
/// </summary>
internal static class TokenKeys
{
    public static ulong[] Of(Example example, ulong step, ulong row)
    {
        var keys = new ulong[example.Ids.Length];
        var (key, own) = (step, example.FirstPrediction);
        for (var t = 0; t < keys.Length; t++)
        {
            if (t == own) key = SplitMix64.Key(key, row);
            keys[t] = key = SplitMix64.Key(key, (ulong)example.Ids[t]);
        }
        return keys;
    }
}
