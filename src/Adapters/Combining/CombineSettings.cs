namespace AlpacaCot.Adapters.Combining;

/// <summary>How several LoRA adapters become one; PEFT's names of the ways.</summary>
/// <param name="Type">A word of <see cref="Types"/>.</param>
/// <param name="Rank">Rank of the result where it is cut to one (<c>svd</c>, <c>ties_svd</c>, <c>magnitude_prune_svd</c>); the largest of the adapters' where null.</param>
/// <param name="Density">Share of the values that pruning keeps.</param>
/// <param name="ByFrequency">Whether <c>ties</c> elects the sign that most adapters have; otherwise the sign of the sum.</param>
public sealed record CombineSettings(string Type, int? Rank = null, double Density = 0.5, bool ByFrequency = false)
{
    /// <summary>The ways, each with one sentence.</summary>
    public static IReadOnlyDictionary<string, string> Types { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["linear"] = "A and B are summed apart, so that B A has cross terms; ranks must be equal",
        ["cat"] = "the exact weighted sum, of the ranks' sum",
        ["svd"] = "the weighted sum, cut to a rank by its largest components",
        ["ties"] = "A and B are pruned and summed where their signs agree (Yadav et al. 2023, arXiv:2306.01708); ranks must be equal",
        ["ties_svd"] = "the same with the updates themselves, cut to a rank",
        ["magnitude_prune"] = "A and B are pruned to their largest values and summed apart; ranks must be equal",
        ["magnitude_prune_svd"] = "the same with the updates themselves, cut to a rank",
    };

    /// <summary>Whether the result is cut to a rank.</summary>
    public bool HasRank => Type.EndsWith("svd", StringComparison.Ordinal);

    /// <summary>Whether values are pruned.</summary>
    public bool Prunes => Type.StartsWith("ties", StringComparison.Ordinal) || Type.StartsWith("magnitude_prune", StringComparison.Ordinal);
}
