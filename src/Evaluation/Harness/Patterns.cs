using System.Text.RegularExpressions;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>Regular expressions that users write: compiled before anything is asked, and never without end on a text.</summary>
internal static class Patterns
{
    /// <summary>A pattern of sense needs microseconds; one whose time grows exponentially with the text never ends.</summary>
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(2);

    /// <summary>Compiles a pattern in Python's or .NET's syntax.</summary>
    /// <exception cref="EvaluationException">It is no regular expression.</exception>
    public static Regex Compile(string pattern)
    {
        try
        {
            // Python names groups (?P<name>…) and refers to them as (?P=name).
            var translated = pattern.Replace("(?P<", "(?<", StringComparison.Ordinal);
            translated = Regex.Replace(translated, @"\(\?P=(\w+)\)", @"\k<$1>", RegexOptions.CultureInvariant);
            return new Regex(translated, RegexOptions.CultureInvariant, _longest);
        }
        catch (RegexParseException e)
        {
            throw new EvaluationException($"'{pattern}' is no regular expression: {Describe(e.Error)}, at character {e.Offset}");
        }
    }

    /// <summary>What to say of a pattern that did not end on a text.</summary>
    public static EvaluationException TooSlow(RegexMatchTimeoutException e, string item)
        => new($"{item}: the regular expression '{e.Pattern}' takes more than {_longest.TotalSeconds:0} s on a text of {e.Input.Length} characters; repetitions inside repetitions do that");

    private static string Describe(RegexParseError error) => error switch
    {
        RegexParseError.InsufficientClosingParentheses => "a bracket ( is not closed",
        RegexParseError.InsufficientOpeningParentheses => "a bracket ) closes nothing",
        RegexParseError.UnterminatedBracket => "a bracket [ is not closed",
        RegexParseError.QuantifierAfterNothing => "nothing stands before *, + or ?",
        RegexParseError.NestedQuantifiersNotParenthesized => "a repetition of a repetition needs brackets",
        RegexParseError.ReversedQuantifierRange or RegexParseError.ReversedCharacterRange => "a range runs backwards",
        RegexParseError.UndefinedNamedReference or RegexParseError.UndefinedNumberedReference => "it refers to a group that it does not have",
        RegexParseError.UnescapedEndingBackslash => "it ends with a lone backslash",
        RegexParseError.UnrecognizedEscape => "it escapes a letter that has no meaning",
        // The names of the others are words: "InvalidGroupingConstruct".
        _ => string.Concat(error.ToString().Select(c => char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : c.ToString())).Trim(),
    };
}
