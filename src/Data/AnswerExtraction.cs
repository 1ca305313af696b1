using System.Text.RegularExpressions;

namespace AlpacaCot.Data;

/// <summary>
/// The final answer of an output, whatever working stands before it. It knows the forms that this room writes (FLAN's closing sentences, GSM8K's
/// <c>####</c>, Goat's equations) and is the one owner of that rule: what training writes, scoring reads back.
/// </summary>
public static partial class AnswerExtraction
{
    /// <summary>What stands before the final answer in GSM8K.</summary>
    public const string Gsm8kMark = "####";

    /// <summary>What Goat answers to a division by zero.</summary>
    public const string Undefined = "undefined";

    /// <summary>
    /// The final answer, trimmed: after the last <c>####</c>; else after the last "answer is" or "answer:", without the closing full stop; else on
    /// the last line that is not blank what follows its last <c>=</c>, or that whole line. Empty for an empty output.
    /// </summary>
    public static string FinalAnswer(string output)
    {
        var mark = output.LastIndexOf(Gsm8kMark, StringComparison.Ordinal);
        if (mark >= 0) return FirstLine(output[(mark + Gsm8kMark.Length)..]);

        // A rationale may say "the answer is" itself, on the same line: the last counts.
        if (AnswerSentence().Matches(output) is { Count: > 0 } sentences) return WithoutFullStop(FirstLine(output[(sentences[^1].Index + sentences[^1].Length)..]));

        var line = LastLine(output);
        if (line.EndsWith("is " + Undefined, StringComparison.Ordinal)) return Undefined;
        var equals = line.LastIndexOf('=');
        return equals < 0 ? line : line[(equals + 1)..].Trim();
    }

    /// <summary>The last number of an output (sign, digits, decimals; thousands commas removed), or null where there is none.</summary>
    public static string? LastNumber(string output)
        => Number().Matches(output) is { Count: > 0 } numbers ? numbers[^1].Value.Replace(",", "", StringComparison.Ordinal) : null;

    /// <summary>Two answers in one form before they are compared: trimmed, one space for a run of white space, no closing full stop, no thousands commas.</summary>
    public static string Normalise(string answer)
    {
        var text = WithoutFullStop(WhiteSpace().Replace(answer, " "));
        return ThousandsComma().Replace(text, "");
    }

    private static string FirstLine(string text)
    {
        var trimmed = text.Trim();
        var end = trimmed.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? trimmed : trimmed[..end].Trim();
    }

    private static string LastLine(string text)
    {
        var trimmed = text.Trim();
        return trimmed[(trimmed.LastIndexOf('\n') + 1)..].Trim();
    }

    private static string WithoutFullStop(string text)
    {
        var trimmed = text.Trim();
        return trimmed.EndsWith('.') || trimmed.EndsWith('。') ? trimmed[..^1].TrimEnd() : trimmed;
    }

    [GeneratedRegex(@"(?:\banswer\s*(?:is\s*:?|:)|答案(?:是|为|：|:)[：:]?)(?=[^\S\n]*\S)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnswerSentence();

    [GeneratedRegex(@"[-−]?\d[\d,]*(?:\.\d+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    [GeneratedRegex(@"(?<=\d),(?=\d{3}(?!\d))", RegexOptions.CultureInvariant)]
    private static partial Regex ThousandsComma();
}
