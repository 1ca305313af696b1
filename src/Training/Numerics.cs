namespace AlpacaCot.Training;

/// <summary>What the numbers of a training follow from, beside its inputs.</summary>
public static class Numerics
{
    /// <summary>Version of everything in this code that changes trained weights beyond rounding; raised with each such change, so that no older adapter is taken for a new one.</summary>
    public const string Version = "3";
}
