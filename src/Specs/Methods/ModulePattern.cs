using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace AlpacaCot.Specs.Methods;

/// <summary>The one rule for what a text that stands for modules is: the word <c>all-linear</c>, a name, or a regular expression of whole paths.</summary>
public static partial class ModulePattern
{
    /// <summary>The word that stands for every projection.</summary>
    public const string AllLinear = "all-linear";

    // Matched against thousands of paths of a hundred characters: one that takes longer for one of them is a mistake.
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(200);

    // A configuration's patterns are compared with every path of a model. What is remembered has limits: a stranger's pattern may be long, and its automaton is longer.
    private const int MostRemembered = 1 << 14, MostCharacters = 1 << 19;
    private static int _characters;
    private static readonly ConcurrentDictionary<string, Regex> _compiled = new(StringComparer.Ordinal);

    /// <summary>A path that shows whether an expression ends, when it is read and not when a model is loaded.</summary>
    private const string TypicalPath = "model.language_model.layers.0.block_sparse_moe.experts.127.self_attn.q_proj";

    /// <summary>The number of the block that a path leads into, its first part that is a number; null outside the blocks.</summary>
    public static int? BlockOf(string path)
        => path.Split('.').FirstOrDefault(part => part.Length is > 0 and < 7 && part.All(char.IsAsciiDigit)) is { } number ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>The last parts of paths, each once, for a message that lists what there is.</summary>
    public static string NamesOf(IEnumerable<string> paths) => string.Join(", ", paths.Select(path => path[(path.LastIndexOf('.') + 1)..]).Distinct(StringComparer.Ordinal));

    /// <summary>Whether a text is <c>all-linear</c>, in any case.</summary>
    public static bool IsAllLinear(string text) => string.Equals(text, AllLinear, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a text is a name or path of modules: letters, digits, underscores and dots.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>The expression that a whole path must match.</summary>
    /// <exception cref="ArgumentException">The text is no regular expression; one line says why.</exception>
    public static Regex Whole(string text) => Compile(text, $@"\A(?:{text})\z");

    /// <summary>The expression that a path, or its end after a dot, must match, as <c>rank_pattern</c> has it.</summary>
    /// <exception cref="ArgumentException">The text is no regular expression; one line says why.</exception>
    public static Regex Ending(string text) => Compile(text, $@"\A(?:.*\.)?(?:{text})\z");

    /// <summary>Why a text is no regular expression, one line; null where it is one.</summary>
    public static string? Mistake(string text)
    {
        try
        {
            _ = Ending(text);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }

    /// <summary>Whether a path matches.</summary>
    /// <exception cref="ArgumentException">It takes too long to tell.</exception>
    public static bool IsMatch(Regex pattern, string path)
    {
        try
        {
            return pattern.IsMatch(path);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ArgumentException($"{UserPattern.Quoted(e.Pattern)} takes too long on the path {path}: repetitions inside repetitions do that", e);
        }
    }

    private static Regex Compile(string text, string around)
    {
        if (_compiled.TryGetValue(around, out var known)) return known;
        // Alone first: a bracket too many could close the one that is put around it.
        if (IsName(text)) return Remember(around, new Regex(around, RegexOptions.CultureInvariant, _patience));
        _ = UserPattern.Compile(text, _patience);
        var regex = UserPattern.Compile(around, _patience);
        _ = IsMatch(regex, TypicalPath);
        return Remember(around, regex);
    }

    private static Regex Remember(string around, Regex regex)
    {
        if (Interlocked.Add(ref _characters, around.Length) > MostCharacters || _compiled.Count >= MostRemembered)
        {
            _compiled.Clear();
            Interlocked.Exchange(ref _characters, around.Length);
        }
        return _compiled[around] = regex;
    }

    [GeneratedRegex(@"\A[\w.]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
