using System.Buffers;
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

    private const string Boxed = @"\boxed{";

    private static readonly SearchValues<char> _sentenceEnds = SearchValues.Create(".．。?？!！");

    /// <summary>Marks inside one another that are taken off; a text of nothing but marks would take the square of its length.</summary>
    private const int MostLayers = 16;

    /// <summary>
    /// The final answer, trimmed. After the first <c>####</c>, for what follows its line is a model that runs on; else inside the last <c>\boxed{}</c>;
    /// else after the last "answer is" or "answer:"; else on the last line that is not blank what follows its last <c>=</c>, or that whole line. A sentence
    /// that follows the answer on its line is left out where the answer is a number, <c>(B)</c>, or yes, no, true or false. Empty for an empty output.
    /// </summary>
    public static string FinalAnswer(string output)
    {
        if (Mark().Match(output) is { Success: true } mark)
        {
            var after = output[(mark.Index + mark.Length)..];
            var next = after.IndexOf(Gsm8kMark, StringComparison.Ordinal);
            return Alone(FirstLine(next < 0 ? after : after[..next]));
        }
        if (LastBoxed(output) is { } boxed) return boxed;

        // A rationale may say "the answer is" itself, on the same line: the last counts.
        if (AnswerSentence().Matches(output) is { Count: > 0 } sentences) return WithoutFullStop(Alone(FirstLine(output[(sentences[^1].Index + sentences[^1].Length)..])));

        var line = LastLine(output);
        if (line.EndsWith("is " + Undefined, StringComparison.Ordinal)) return Undefined;
        var equals = line.LastIndexOf('=');
        return Alone(equals < 0 ? line : line[(equals + 1)..].Trim());
    }

    /// <summary>The last number of an output in its one form (<see cref="Normalise"/>), or null where there is none.</summary>
    public static string? LastNumber(string output) => AnswerNumbers.Last(output);

    /// <summary>
    /// An answer in the one form in which answers are compared. A number, whatever its sign, separators, decimals, exponent, currency or percent sign look
    /// like, becomes its shortest exact decimal, or a fraction in lowest terms; anything else is trimmed, with one space for a run of white space, without
    /// closing full stop, thousands commas and marks of emphasis.
    /// </summary>
    public static string Normalise(string answer)
    {
        var bare = Bare(WhiteSpace().Replace(answer, " ").Trim());
        if (AnswerNumbers.OfWhole(bare) is { } number) return number;
        return Bare(ThousandsComma().Replace(WithoutFullStop(AnswerNumbers.Fold(bare)), ""));
    }

    /// <summary>The answer at the beginning of a line without the sentence that follows it.</summary>
    private static string Alone(string line)
    {
        if (LastBoxed(line) is { } boxed) return boxed;
        // Most lines hold no mark that a sentence could follow, and are spared the search for a number of any form.
        if (line.AsSpan().IndexOfAny(_sentenceEnds) < 0) return line;
        if (AnswerNumbers.Leading(line.TrimStart('*')) is { } number) return number;
        return EndedWord().Match(line) is { Success: true } word ? word.Groups["answer"].Value : line;
    }

    /// <summary>What stands inside the last <c>\boxed{…}</c> whose bracket is closed, or null.</summary>
    private static string? LastBoxed(string text)
    {
        if (!text.Contains(Boxed, StringComparison.Ordinal)) return null;
        var open = new Stack<int>();   // behind each bracket that is open
        var (start, end) = (-1, -1);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '{') open.Push(i + 1);
            else if (text[i] == '}' && open.TryPop(out var from) && from > start && text.AsSpan(0, from).EndsWith(Boxed, StringComparison.Ordinal)) (start, end) = (from, i);
        }
        return start < 0 ? null : text[start..end].Trim();
    }

    // Marks of mathematics and emphasis around a whole answer say nothing about it.
    private static string Bare(string text)
    {
        for (var layer = 0; layer < MostLayers && Wrapped().Match(text) is { Success: true } wrapped; layer++) text = wrapped.Groups["inside"].Value.Trim();
        return text;
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

    [GeneratedRegex("#{4,}")]
    private static partial Regex Mark();

    [GeneratedRegex(@"(?:\banswer\s*(?:is(?>\s*):?|:)|答案(?:是|为|：|:)[：:]?)(?=[^\S\n]*\S)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnswerSentence();

    [GeneratedRegex(@"^(?<answer>\([A-Za-z]\)|yes|no|true|false)[.!?](?=\s|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex EndedWord();

    [GeneratedRegex(@"^(?:\*\*(?<inside>[^*]+)\*\*\.?|`(?<inside>[^`]+)`|\$(?<inside>[^$]+)\$\.?|\\\((?<inside>.+)\\\)\.?|\\\[(?<inside>.+)\\\]|\\boxed\{(?<inside>[^{}]*)\}\.?|\\(?:text|textbf|mathrm|mathbf)\{(?<inside>[^{}]*)\}\.?)$", RegexOptions.CultureInvariant)]
    private static partial Regex Wrapped();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    [GeneratedRegex(@"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", RegexOptions.CultureInvariant)]
    private static partial Regex ThousandsComma();
}
