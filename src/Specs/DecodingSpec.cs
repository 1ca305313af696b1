namespace AlpacaCot.Specs;

/// <summary>How answers are decoded.</summary>
public sealed record DecodingSpec
{
    /// <summary>The strategy that takes the most likely token.</summary>
    public const string Greedy = "greedy";

    /// <summary>The strategy that draws from the distribution.</summary>
    public const string Sample = "sample";

    /// <summary><c>greedy</c> or <c>sample</c>.</summary>
    public string Strategy { get; init; } = Greedy;

    /// <summary>Tokens generated at most.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Softmax temperature; only with <c>sample</c>.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Nucleus: smallest set of tokens with this probability; only with <c>sample</c>.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The most probable tokens kept; 0 is all; only with <c>sample</c>.</summary>
    public int TopK { get; init; }

    /// <summary>Divides (multiplies, where negative) the logits of tokens already seen; 1 is off (Keskar et al. 2019, arXiv:1909.05858).</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Texts that end an answer wherever they appear in it; they are no part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>The strategies that are built.</summary>
    public static IReadOnlyList<string> Strategies { get; } = [Greedy, Sample];
}
