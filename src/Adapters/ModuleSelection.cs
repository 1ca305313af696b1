using System.Text.RegularExpressions;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>
/// Which modules a configuration names: a list of names (a whole path, or its end after a dot), or one regular expression
/// that a whole path must match. <c>"all-linear"</c> stands for every projection.
/// </summary>
public sealed class ModuleSelection
{
    private readonly Regex? _regex;

    private ModuleSelection(IReadOnlyList<string>? names, string? pattern)
    {
        Names = names;
        Pattern = pattern;
        if (pattern is not null && !IsAllLinear) _regex = Compile(pattern);
    }

    /// <summary>The list of names, or null where a pattern is given.</summary>
    public IReadOnlyList<string>? Names { get; }

    /// <summary>The regular expression or <c>all-linear</c>, or null where a list is given.</summary>
    public string? Pattern { get; }

    /// <summary>True for the word <c>all-linear</c>, in any case.</summary>
    public bool IsAllLinear => Pattern is not null && ModulePattern.IsAllLinear(Pattern);

    /// <summary>A list of names.</summary>
    public static ModuleSelection Of(params IEnumerable<string> names) => new([.. names], null);

    /// <summary>A regular expression, or <c>all-linear</c>.</summary>
    /// <exception cref="AdapterException">The expression cannot be parsed.</exception>
    public static ModuleSelection Matching(string pattern) => new(null, pattern);

    /// <summary>Whether a module path is selected.</summary>
    public bool Selects(string path)
        => IsAllLinear || (_regex is not null ? IsMatch(_regex, path) : Names!.Any(name => IsOrEndsWith(path, name)));

    /// <summary>Whether a path is among the names word for word.</summary>
    internal bool Lists(string path) => Names?.Contains(path, StringComparer.Ordinal) ?? false;

    /// <summary>PEFT's laxer test for IA3's feed-forward modules: a path that ends with an entry, dot or not.</summary>
    internal bool SelectsLoosely(string path)
        => Pattern is not null ? Selects(path) : Names!.Any(name => path.EndsWith(name, StringComparison.Ordinal));

    /// <summary>Whether a path matches an expression.</summary>
    /// <exception cref="AdapterException">It takes too long to tell.</exception>
    internal static bool IsMatch(Regex pattern, string path)
    {
        try
        {
            return ModulePattern.IsMatch(pattern, path);
        }
        catch (ArgumentException e)
        {
            throw new AdapterException(e.Message, e);
        }
    }

    private static bool IsOrEndsWith(string path, string name)
        => path.EndsWith(name, StringComparison.Ordinal) && (path.Length == name.Length || path[^(name.Length + 1)] == '.');

    private static Regex Compile(string pattern)
    {
        try
        {
            return ModulePattern.Whole(pattern);
        }
        catch (ArgumentException e)
        {
            throw new AdapterException($"{UserPattern.Quoted(pattern)} is no regular expression for module paths: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Pattern ?? string.Join(", ", Names!);
}
