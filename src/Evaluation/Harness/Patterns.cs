using System.Text.RegularExpressions;
using AlpacaCot.Specs;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>Regular expressions that users write: compiled before anything is asked, and never without end on a text.</summary>
internal static class Patterns
{
    /// <summary>A pattern of sense needs microseconds; one whose time grows exponentially with the text never ends.</summary>
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(1);

    /// <summary>Compiles a pattern in Python's or .NET's syntax.</summary>
    /// <exception cref="EvaluationException">It is no regular expression.</exception>
    public static Regex Compile(string pattern)
    {
        try
        {
            // Python names groups (?P<name>…) and refers to them as (?P=name).
            var translated = pattern.Replace("(?P<", "(?<", StringComparison.Ordinal);
            translated = Regex.Replace(translated, @"\(\?P=(\w+)\)", @"\k<$1>", RegexOptions.CultureInvariant);
            return UserPattern.Compile(translated, _longest);
        }
        catch (ArgumentException e)
        {
            throw new EvaluationException($"{UserPattern.Quoted(pattern)} is no regular expression: {e.Message}", e);
        }
    }

    /// <summary>What to say of a pattern that did not end on a text.</summary>
    public static EvaluationException TooSlow(RegexMatchTimeoutException e, string item)
        => new($"{item}: the regular expression {UserPattern.Quoted(e.Pattern)} takes more than {_longest.TotalSeconds:0} s on a text of {e.Input.Length} characters; repetitions inside repetitions do that");
}
