namespace AlpacaCot.Kernels.Attention;

/// <summary>What a query sees, beyond its own segment up to itself.</summary>
/// <param name="Scale">Multiplies the scores; 1 / sqrt(d) where null.</param>
/// <param name="Window">A query sees the last so many keys, itself included; 0 is all of them.</param>
/// <param name="Alibi">Slope per query head: adds slope · (key position - query position) to the scores (Press et al. 2022). Null is none.</param>
/// <param name="Prefix">Per segment, how many first keys every query sees (prefix-LM). Null is none.</param>
/// <param name="Cap">Scores are bounded softly: cap · tanh(score / cap), before the mask; 0 is none.</param>
public sealed record AttentionOptions(double? Scale = null, int Window = 0, float[]? Alibi = null, int[]? Prefix = null, double Cap = 0)
{
    internal float ScaleOf(Tensor q) => (float)(Scale ?? 1 / Math.Sqrt(q.size(-1)));
}
