using System.Text.Json;

namespace AlpacaCot.Specs;

/// <summary>One suite that every trial is asked.</summary>
public sealed record EvaluationSpec
{
    /// <summary>The stable name in metrics (<c>name/metric</c>); the suite's own by default.</summary>
    public required string Name { get; init; }

    /// <summary>The suite's name in the evaluation registry.</summary>
    public required string Suite { get; init; }

    /// <summary>At most this many items; null is all.</summary>
    public int? Limit { get; init; }

    /// <summary>Solved examples put before each question.</summary>
    public int FewShot { get; init; }

    /// <summary>Options of the suite, as written; their owner checks them.</summary>
    public IReadOnlyDictionary<string, JsonElement> Options { get; init; } = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
}
