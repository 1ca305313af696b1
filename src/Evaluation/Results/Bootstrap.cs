namespace AlpacaCot.Evaluation;

/// <summary>The bootstrap of metrics that have no closed standard error.</summary>
internal static class Bootstrap
{
    /// <summary>Resamples; lm-eval's default.</summary>
    public const int DefaultIterations = 100_000;
}
