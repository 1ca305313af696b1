namespace AlpacaCot.Specs.Parsing;

/// <summary>
/// Stable names of an axis' values: as given, else made from the value; unique whatever the case of letters, since they become paths.
/// </summary>
internal sealed class Names(SpecLog log, IEnumerable<string>? reserved = null)
{
    private const int Longest = 64;
    private readonly HashSet<string> _reserved = new(reserved ?? [], StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, SpecMark> _taken = new(StringComparer.OrdinalIgnoreCase);

    public static bool IsName(string text)
        => text.Length is > 0 and <= Longest && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>A name given in the file; an error where it is none or is taken.</summary>
    public string Given(string name, SpecMark mark, string path)
    {
        if (!IsName(name))
            log.Error(
                mark, path, $"'{name}' cannot name a folder", $"use letters, digits, '.', '_' and '-', at most {Longest}: {Slug(name, "name")}");
        else if (_taken.TryGetValue(name, out var first))
            log.Error(mark, path, $"the name '{name}' is already taken in line {first.Line}", "give every value of an axis a name of its own");
        _taken.TryAdd(name, mark);
        return name;
    }

    /// <summary>A name made from a value; a number is appended where it is taken.</summary>
    public string Made(string from, string otherwise, SpecMark mark)
    {
        var slug = Slug(from, otherwise);
        var name = slug;
        for (var n = 2; _reserved.Contains(name) || !_taken.TryAdd(name, mark); n++) name = $"{slug}-{n}";
        return name;
    }

    private static string Slug(string text, string otherwise)
    {
        var slug = new string([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-')]).Trim('-', '.', '_');
        while (slug.Contains("--", StringComparison.Ordinal)) slug = slug.Replace("--", "-", StringComparison.Ordinal);
        slug = slug.Length > Longest - 4 ? slug[..(Longest - 4)].TrimEnd('-', '.', '_') : slug;
        return slug.Length == 0 ? otherwise : slug;
    }
}
