using System.Text.RegularExpressions;

namespace AlpacaCot.Specs;

/// <summary>
/// Regular expressions that users and files bring. They run in time that grows with the text alone wherever the expression allows it; what needs
/// backtracking (look-around, references to groups) has a limit of time. Both are checked when the configuration is read.
/// </summary>
public static class UserPattern
{
    /// <summary>Characters of the longest expression: a thousand names joined by bars fit.</summary>
    private const int Longest = 1 << 16;

    /// <summary>Characters of it that an error quotes.</summary>
    private const int Quote = 200;

    /// <summary>Compiles an expression.</summary>
    /// <param name="expression">The expression, in .NET's syntax.</param>
    /// <param name="patience">How long one match may take.</param>
    /// <exception cref="ArgumentException">It is none; the message is one line that says why.</exception>
    public static Regex Compile(string expression, TimeSpan patience)
    {
        if (expression.Length > Longest) throw new ArgumentException($"it is longer than {Longest} characters");
        try
        {
            return new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, patience);
        }
        catch (NotSupportedException)
        {
            return new Regex(expression, RegexOptions.CultureInvariant, patience);
        }
        catch (RegexParseException e)
        {
            throw new ArgumentException($"{Describe(e.Error)}, at character {e.Offset}", e);
        }
    }

    /// <summary>The expression as an error quotes it: its beginning, on one line.</summary>
    public static string Quoted(string expression) => $"'{(expression.Length > Quote ? expression[..Quote] + "…" : expression).ReplaceLineEndings(" ")}'";

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
