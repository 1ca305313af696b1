using System.Text.Json;

namespace AlpacaCot.Specs;

/// <summary>How answers are decoded.</summary>
public sealed record DecodingSpec
{
    /// <summary><c>greedy</c> or <c>sample</c>.</summary>
    public string Strategy { get; init; } = "greedy";

    /// <summary>Tokens generated at most.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Softmax temperature; only with <c>sample</c>.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Nucleus: smallest set of tokens with this probability; only with <c>sample</c>.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The most probable tokens kept; 0 is all; only with <c>sample</c>.</summary>
    public int TopK { get; init; }

    /// <summary>Divides (multiplies, where negative) the logits of tokens already seen; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The strategies that are built.</summary>
    public static IReadOnlyList<string> Strategies { get; } = ["greedy", "sample"];
}

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

/// <summary>How trials are searched instead of all being trained to the end.</summary>
public sealed record SearchSpec
{
    /// <summary><c>asha</c>: successive halving (Li et al. 2020, arXiv:1810.05934).</summary>
    public required string Scheduler { get; init; }

    /// <summary>One in this many goes on from each rung.</summary>
    public int Reduction { get; init; } = 3;

    /// <summary>Steps of the first rung.</summary>
    public int GraceSteps { get; init; } = 50;

    /// <summary>The metric, <c>evaluation/metric</c>.</summary>
    public required string Metric { get; init; }

    /// <summary><c>max</c> or <c>min</c>.</summary>
    public string Mode { get; init; } = "max";
}
