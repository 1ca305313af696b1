using System.Text.RegularExpressions;

namespace AlpacaCot.Specs.Methods;

/// <summary>The one rule for what a text that stands for modules is: the word <c>all-linear</c>, a name, or a regular expression of whole paths.</summary>
public static partial class ModulePattern
{
    /// <summary>The word that stands for every projection.</summary>
    public const string AllLinear = "all-linear";

    // A pattern is matched against thousands of paths; one that backtracks without end is a mistake.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether a text is <c>all-linear</c>, in any case.</summary>
    public static bool IsAllLinear(string text) => string.Equals(text, AllLinear, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a text is a name or path of modules: letters, digits, underscores and dots.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>The expression that a whole path must match.</summary>
    /// <exception cref="ArgumentException">The text is no regular expression.</exception>
    public static Regex Whole(string text) => new($@"\A(?:{text})\z", RegexOptions.CultureInvariant, _patience);

    /// <summary>The expression that a path, or its end after a dot, must match, as <c>rank_pattern</c> has it.</summary>
    /// <exception cref="ArgumentException">The text is no regular expression.</exception>
    public static Regex Ending(string text) => new($@"\A(?:.*\.)?(?:{text})\z", RegexOptions.CultureInvariant, _patience);

    /// <summary>Why a text is no regular expression, one line; null where it is one.</summary>
    public static string? Mistake(string text)
    {
        try
        {
            _ = Whole(text);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message.ReplaceLineEndings(" ");
        }
    }

    [GeneratedRegex(@"\A[\w.]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
