namespace AlpacaCot.Specs;

/// <summary>How answers are decoded: the keys and the meaning of transformers' <c>generate</c>.</summary>
public sealed record DecodingSpec
{
    /// <summary>The strategy that takes the most likely token.</summary>
    public const string Greedy = "greedy";

    /// <summary>The strategy that draws from the distribution.</summary>
    public const string Sample = "sample";

    /// <summary><c>greedy</c> or <c>sample</c>; with several beams, whether the best are kept or drawn.</summary>
    public string Strategy { get; init; } = Greedy;

    /// <summary>Tokens generated at most.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Tokens before which an answer does not end.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Tokens of prompt and answer together before which an answer does not end.</summary>
    public int MinLength { get; init; }

    /// <summary>Beams; 1 is no beam search.</summary>
    public int NumBeams { get; init; } = 1;

    /// <summary>A beam's score is divided by (new tokens)^this; only with several beams.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When beams stop (<see cref="EarlyStoppings"/>); only with several beams.</summary>
    public string EarlyStopping { get; init; } = EarlyStoppings[0];

    /// <summary>Softmax temperature; only with <c>sample</c>, as are the cuts that follow.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Share of the entropy that the most likely tokens may hold together; 1 keeps all.</summary>
    public double TopH { get; init; } = 1;

    /// <summary>The most probable tokens kept; 0 is all.</summary>
    public int TopK { get; init; }

    /// <summary>Nucleus: smallest set of tokens with this probability.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Least probability, as a part of the largest.</summary>
    public double MinP { get; init; }

    /// <summary>Mass of the tokens whose surprise is nearest to the expected one; 1 keeps all.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Least probability.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>Least probability where the distribution is sharp; less where it is flat.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>Divides (multiplies, where negative) the logits of tokens already seen; 1 is off (Keskar et al. 2019, arXiv:1909.05858).</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>No run of so many tokens occurs twice; 0 is off.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>Texts that are not written.</summary>
    public IReadOnlyList<string> BadWords { get; init; } = [];

    /// <summary>Text to what is added to the score of its last token.</summary>
    public IReadOnlyDictionary<string, double> SequenceBias { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Tokens, by their text or id, that are not written.</summary>
    public IReadOnlyList<string> SuppressTokens { get; init; } = [];

    /// <summary>Tokens, by their text or id, that no answer begins with.</summary>
    public IReadOnlyList<string> BeginSuppressTokens { get; init; } = [];

    /// <summary>[start, factor]: after so many new tokens the end of the text becomes more likely with each; empty is off.</summary>
    public IReadOnlyList<double> ExponentialDecayLengthPenalty { get; init; } = [];

    /// <summary>Tokens, by their text or id, one of which is the last of an answer that reaches the limit.</summary>
    public IReadOnlyList<string> ForcedEos { get; init; } = [];

    /// <summary>Whether NaN and infinities among the logits are replaced; they are an error otherwise.</summary>
    public bool RemoveInvalidValues { get; init; }

    /// <summary>Whether what the settings leave is normalised, so that scores of beams are log-probabilities; only with several beams.</summary>
    public bool RenormalizeLogits { get; init; }

    /// <summary>Texts that end an answer wherever they appear in it; they are no part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Tokens, by their text or id, that end an answer beside the model's own.</summary>
    public IReadOnlyList<string> StopTokens { get; init; } = [];

    /// <summary>The strategies that are built.</summary>
    public static IReadOnlyList<string> Strategies { get; } = [Greedy, Sample];

    /// <summary>
    /// When beams stop: <c>false</c> when the best running one is worse than the finished ones, <c>true</c> as soon as enough have finished, <c>never</c> when none can become better.
    /// </summary>
    public static IReadOnlyList<string> EarlyStoppings { get; } = ["false", "true", "never"];
}
