using System.Globalization;

namespace AlpacaCot.Evaluation.Prompts;

/// <summary>How a suite's prompts fit a model's positions. A prompt that does not fit loses its beginning, as in lm-eval.</summary>
/// <param name="Prompts">Prompts there are.</param>
/// <param name="TooLong">Prompts that do not fit.</param>
/// <param name="Longest">Tokens of the longest.</param>
/// <param name="Room">Tokens that a prompt may have.</param>
public sealed record PromptFit(int Prompts, int TooLong, int Longest, int Room)
{
    /// <summary>Tokens of all prompts.</summary>
    public long Tokens { get; init; }

    /// <summary>New tokens of all answers at most; 0 where answers are not generated.</summary>
    public long NewTokens { get; init; }

    /// <summary>Counts prompts by their lengths in tokens.</summary>
    public static PromptFit Of(IReadOnlyCollection<int> lengths, int room)
        => new(lengths.Count, lengths.Count(length => length > room), lengths.Count == 0 ? 0 : lengths.Max(), room) { Tokens = lengths.Sum(length => (long)length) };

    /// <summary>One sentence where prompts are too long, else null.</summary>
    public string? Remark => TooLong == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{TooLong} of {Prompts} prompts are longer than the {Room} tokens that the model's positions leave for them and lose their beginning; the longest has {Longest} tokens");
}
