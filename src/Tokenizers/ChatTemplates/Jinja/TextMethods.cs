using System.Numerics;
using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>The methods of Python's str that templates call.</summary>
internal static class TextMethods
{
    private static readonly Dictionary<string, Func<string, CallArguments, object?>> _methods = new(StringComparer.Ordinal)
    {
        ["upper"] = (s, _) => PythonText.Upper(s),
        ["lower"] = (s, _) => PythonText.Lower(s),
        ["casefold"] = (s, _) => PythonText.Lower(s).Replace("ß", "ss", StringComparison.Ordinal),
        ["title"] = (s, _) => PythonText.Title(s),
        ["capitalize"] = (s, _) => PythonText.Capitalize(s),
        ["swapcase"] = (s, _) => PythonText.SwapCase(s),
        ["strip"] = (s, a) => Strip(s, a.Get(0, "chars"), true, true),
        ["lstrip"] = (s, a) => Strip(s, a.Get(0, "chars"), true, false),
        ["rstrip"] = (s, a) => Strip(s, a.Get(0, "chars"), false, true),
        ["startswith"] = (s, a) => Affixes(a).Any(affix => Part(s, a).StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (s, a) => Affixes(a).Any(affix => Part(s, a).EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (s, a) => Given(a, 0) is var affix && s.StartsWith(affix, StringComparison.Ordinal) ? s[affix.Length..] : s,
        ["removesuffix"] = (s, a) => Given(a, 0) is { Length: > 0 } affix && s.EndsWith(affix, StringComparison.Ordinal) ? s[..^affix.Length] : s,
        ["split"] = (s, a) => Split(s, a.Get(0, "sep"), a.Int(1, "maxsplit") ?? -1),
        ["rsplit"] = (s, a) => SplitFromTheRight(s, a.Get(0, "sep"), a.Int(1, "maxsplit") ?? -1),
        ["splitlines"] = (s, a) => Lines(s, a.Flag(0, "keepends")).Cast<object?>().ToList(),
        ["partition"] = (s, a) => s.IndexOf(Given(a, 0), StringComparison.Ordinal) is >= 0 and var at ? new object?[] { s[..at], Given(a, 0), s[(at + Given(a, 0).Length)..] } : [s, "", ""],
        ["rpartition"] = (s, a) => s.LastIndexOf(Given(a, 0), StringComparison.Ordinal) is >= 0 and var at ? new object?[] { s[..at], Given(a, 0), s[(at + Given(a, 0).Length)..] } : ["", "", s],
        ["replace"] = (s, a) => Replace(s, Given(a, 0), Given(a, 1), a.Int(2, "count") ?? -1),
        ["join"] = (s, a) => Join(s, Python.Iterate(a.Get(0, "iterable")).Select((item, i) => item as string
            ?? throw new ChatTemplateException("TypeError", $"sequence item {i}: expected str instance, {Python.TypeName(item)} found"))),
        ["find"] = (s, a) => Place(s, Part(s, a).IndexOf(Given(a, 0), StringComparison.Ordinal)),
        ["rfind"] = (s, a) => Place(s, s.LastIndexOf(Given(a, 0), StringComparison.Ordinal)),
        ["index"] = (s, a) => s.IndexOf(Given(a, 0), StringComparison.Ordinal) is >= 0 and var at ? Place(s, at) : throw new ChatTemplateException("ValueError", "substring not found"),
        ["count"] = (s, a) => (BigInteger)(Given(a, 0).Length == 0 ? Python.Length(s) + 1 : s.Split(Given(a, 0)).Length - 1),
        ["zfill"] = (s, a) => s.Length > 0 && s[0] is '+' or '-' ? s[0] + Pad(s[1..], Width(a) - 1, '0', 1, 0) : Pad(s, Width(a), '0', 1, 0),
        ["ljust"] = (s, a) => Pad(s, Width(a), Fill(a), 0, 1),
        ["rjust"] = (s, a) => Pad(s, Width(a), Fill(a), 1, 0),
        ["center"] = (s, a) => Center(s, Width(a), Fill(a)),
        ["format"] = (s, a) => Formats.Braces(s, a),
        ["isdigit"] = (s, _) => All(s, rune => Rune.IsDigit(rune) || (Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.OtherNumber && rune.Value is 0xB2 or 0xB3 or 0xB9 or (>= 0x2070 and <= 0x2089))),
        ["isdecimal"] = (s, _) => All(s, Rune.IsDigit),
        ["isnumeric"] = (s, _) => All(s, Rune.IsNumber),
        ["isalnum"] = (s, _) => All(s, rune => Rune.IsLetter(rune) || Rune.IsNumber(rune)),
        ["isalpha"] = (s, _) => All(s, Rune.IsLetter),
        ["isspace"] = (s, _) => s.Length > 0 && s.All(PythonValues.IsSpace),
        ["isupper"] = (s, _) => s.EnumerateRunes().Any(PythonText.IsCased) && PythonText.Upper(s) == s,
        ["islower"] = (s, _) => s.EnumerateRunes().Any(PythonText.IsCased) && PythonText.Lower(s) == s,
    };

    /// <summary>A method of a text, or null where there is none of the name.</summary>
    public static Function? Find(string text, string name) => _methods.TryGetValue(name, out var method) ? new Function(name, arguments => method(text, arguments)) : null;

    /// <summary>Cuts white space, or any of some characters, from the ends.</summary>
    public static string Strip(string text, object? characters, bool begin, bool end)
    {
        var given = characters is null ? PythonText.Space.AsSpan() : Python.Text(characters).AsSpan();
        var span = text.AsSpan();
        if (begin) span = span.TrimStart(given);
        if (end) span = span.TrimEnd(given);
        return characters is string { Length: 0 } ? text : span.ToString();
    }

    /// <summary>Replaces up to <paramref name="count"/> occurrences; all where it is negative.</summary>
    public static string Replace(string text, string old, string with, int count)
    {
        if (old.Length > 0 && count < 0)
        {
            Rendering.CheckLength(text.Length + (long)(text.Length / old.Length) * Math.Max(0, with.Length - old.Length));
            return text.Replace(old, with, StringComparison.Ordinal);
        }
        var result = new StringBuilder();
        var left = count < 0 ? int.MaxValue : count;
        if (old.Length == 0)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                if (left-- > 0) result.Append(with);
                result.Append(rune);
            }
            if (left > 0) result.Append(with);
            return result.ToString();
        }
        var from = 0;
        while (left-- > 0 && text.IndexOf(old, from, StringComparison.Ordinal) is >= 0 and var at)
        {
            result.Append(text, from, at - from).Append(with);
            from = at + old.Length;
        }
        return result.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>Joins texts.</summary>
    public static string Join(string separator, IEnumerable<string> parts)
    {
        List<string> all = [.. parts];
        Rendering.CheckLength(all.Sum(part => (long)part.Length) + (long)separator.Length * all.Count);
        return string.Join(separator, all);
    }

    /// <summary>Lines of a text, by all of Python's line breaks.</summary>
    public static IEnumerable<string> Lines(string text, bool keepEnds)
    {
        var from = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')) continue;
            var end = i;
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
            yield return text[from..(keepEnds ? i + 1 : end)];
            from = i + 1;
        }
        if (from < text.Length) yield return text[from..];
    }

    /// <summary>Puts a text in the middle of a width.</summary>
    public static string Center(string text, int width, char fill)
    {
        var missing = Math.Max(0, width - Python.Length(text));
        // Python puts the odd one to the left where the width is odd.
        var left = missing / 2 + (missing & width & 1);
        Rendering.CheckLength(width);
        return new string(fill, left) + text + new string(fill, missing - left);
    }

    private static List<object?> Split(string text, object? separator, int most)
    {
        var left = most < 0 ? int.MaxValue : most;
        var parts = new List<object?>();
        if (separator is null)
        {
            var rest = text.TrimStart(PythonText.Space);
            while (rest.Length > 0)
            {
                var end = left-- > 0 ? rest.IndexOfAny(PythonText.Space) : -1;
                if (end < 0)
                {
                    parts.Add(left < 0 ? rest.TrimEnd(PythonText.Space) : rest);
                    break;
                }
                parts.Add(rest[..end]);
                rest = rest[end..].TrimStart(PythonText.Space);
            }
            return parts;
        }
        var by = Separator(separator);
        var from = 0;
        while (left-- > 0 && text.IndexOf(by, from, StringComparison.Ordinal) is >= 0 and var at)
        {
            parts.Add(text[from..at]);
            from = at + by.Length;
        }
        parts.Add(text[from..]);
        return parts;
    }

    private static List<object?> SplitFromTheRight(string text, object? separator, int most)
    {
        if (separator is null)
        {
            var words = Split(text, null, -1);
            if (most < 0 || words.Count <= most + 1) return words;
            // What is left at the front keeps its own white space.
            var end = text.TrimEnd(PythonText.Space);
            var last = new List<object?>();
            for (var n = 0; n < most; n++)
            {
                var at = end.LastIndexOfAny(PythonText.Space);
                last.Insert(0, end[(at + 1)..]);
                end = end[..at].TrimEnd(PythonText.Space);
            }
            return [end.TrimStart(PythonText.Space), .. last];
        }
        var by = Separator(separator);
        var parts = new List<object?>();
        var to = text.Length;
        for (var left = most < 0 ? int.MaxValue : most; left > 0 && to > 0 && text.LastIndexOf(by, to - 1, StringComparison.Ordinal) is >= 0 and var at && at + by.Length <= to; left--)
        {
            parts.Insert(0, text[(at + by.Length)..to]);
            to = at;
        }
        parts.Insert(0, text[..to]);
        return parts;
    }

    private static string Separator(object? separator) => separator as string is { } by ? by.Length > 0 ? by : throw new ChatTemplateException("ValueError", "empty separator")
        : throw new ChatTemplateException("TypeError", $"must be str or None, not {Python.TypeName(separator)}");

    private static string Given(CallArguments arguments, int place) => arguments.Get(place, "") switch
    {
        string text => text, Undefined missing => throw missing.Error(), var other => throw new ChatTemplateException("TypeError", $"argument {place + 1} must be str, not {Python.TypeName(other)}"),
    };

    private static IEnumerable<string> Affixes(CallArguments arguments) => arguments.Get(0, "") is object?[] several ? several.Select(Python.Text) : [Given(arguments, 0)];

    /// <summary>The part of a text that start and end arguments leave.</summary>
    private static string Part(string text, CallArguments arguments)
        => arguments.Positional.Count < 2 ? text : (string)Access.Slice(text, arguments.Get(1, ""), arguments.Get(2, ""), null)!;

    // An index of UTF-16 units as one of code points.
    private static object Place(string text, int at) => (BigInteger)(at < 0 ? -1 : Python.Length(text[..at]));

    private static int Width(CallArguments arguments) => Python.Index(arguments.Get(0, "width"));

    private static char Fill(CallArguments arguments) => arguments.Get(1, "fillchar") is string { Length: > 0 } fill ? fill[0] : ' ';

    private static string Pad(string text, int width, char fill, int left, int right)
    {
        var missing = Math.Max(0, width - Python.Length(text));
        Rendering.CheckLength(missing);
        return new string(fill, missing * left) + text + new string(fill, missing * right);
    }

    private static bool All(string text, Func<Rune, bool> holds) => text.Length > 0 && text.EnumerateRunes().All(holds);
}
