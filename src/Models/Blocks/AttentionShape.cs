using AlpacaCot.Kernels.Attention;

namespace AlpacaCot.Models.Blocks;

/// <summary>What of a block's attention is no weight.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key/value heads.</param>
/// <param name="HeadDim">Width of one head.</param>
/// <param name="Options">Scale, window, position bias and cap of the scores.</param>
internal sealed record AttentionShape(int Heads, int KeyValueHeads, int HeadDim, AttentionOptions Options)
{
    /// <summary>The attention of a block as the configuration has it.</summary>
    public static AttentionShape Of(DecoderConfig config, int block) => new(config.Heads, config.KeyValueHeads, config.HeadDim, new AttentionOptions(
        config.AttentionScale, config.Windows.Count == 0 ? 0 : config.Windows[block], config.Alibi ? AlibiSlopes(config.Heads) : null, Cap: config.ScoreCap));

    /// <summary>
    /// Slopes per head (Press et al. 2022): a geometric series from 2^(−8/n) for n a power of two; else that of the next lower power p, then every
    /// other slope of the series for 2p.
    /// </summary>
    internal static float[] AlibiSlopes(int heads)
    {
        var power = 1;
        while (2 * power <= heads) power *= 2;
        return [.. Enumerable.Range(0, heads).Select(i => (float)(i < power ? Math.Pow(2, -8.0 * (i + 1) / power) : Math.Pow(2, -4.0 * (2 * (i - power) + 1) / power)))];
    }
}
