namespace AlpacaCot.Evaluation.Results;

/// <summary>The bootstrap of metrics that have no closed standard error.</summary>
internal static class BootstrapDefaults
{
    /// <summary>Resamples; lm-eval's default.</summary>
    public const int Iterations = 100_000;
}
