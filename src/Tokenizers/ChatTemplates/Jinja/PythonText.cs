using System.Globalization;
using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Texts as Python handles them: white space, case, escapes.</summary>
internal static class PythonText
{
    /// <summary>All characters that Python calls white space.</summary>
    public static char[] Space { get; } = [.. Enumerable.Range(0, 0x10000).Select(c => (char)c).Where(PythonValues.IsSpace)];

    /// <summary>str.upper.</summary>
    public static string Upper(string text) => Map(text.ToUpperInvariant(), c => c switch
    {
        'ß' => "SS", 'ŉ' => "ʼN", 'ǰ' => "J̌", 'ﬀ' => "FF", 'ﬁ' => "FI", 'ﬂ' => "FL", 'ﬃ' => "FFI", 'ﬄ' => "FFL", 'ﬅ' or 'ﬆ' => "ST", _ => null,
    });

    /// <summary>str.lower; a sigma at the end of a word is the final one.</summary>
    public static string Lower(string text)
    {
        var lower = Map(text, c => c == 'İ' ? "i̇" : null).ToLowerInvariant();
        if (!text.Contains('Σ')) return lower;
        var result = new StringBuilder(lower);
        for (var i = 0; i < text.Length && i < lower.Length; i++)
            if (text[i] == 'Σ' && i > 0 && char.IsLetter(text[i - 1]) && (i + 1 == text.Length || !char.IsLetter(text[i + 1]))) result[i] = 'ς';
        return result.ToString();
    }

    /// <summary>str.capitalize.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0) return text;
        Rune.DecodeFromUtf16(text, out _, out var first);
        return First(text[..first]) + Lower(text[first..]);
    }

    /// <summary>str.title: a letter behind one that has no case begins a word.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder();
        var inside = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var cased = IsCased(rune);
            result.Append(!cased ? rune.ToString() : inside ? Lower(rune.ToString()) : First(rune.ToString()));
            inside = cased;
        }
        return result.ToString();
    }

    /// <summary>Jinja's filter <c>title</c>: words are parted by white space, hyphens and opening brackets.</summary>
    public static string TitleWords(string text)
    {
        var result = new StringBuilder();
        var begins = true;
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(begins ? Upper(rune.ToString()) : Lower(rune.ToString()));
            begins = Rune.IsWhiteSpace(rune) || rune.Value is '-' or '(' or '{' or '[' or '<';
        }
        return result.ToString();
    }

    /// <summary>str.swapcase.</summary>
    public static string SwapCase(string text) => string.Concat(text.EnumerateRunes().Select(rune => Rune.IsUpper(rune) ? Lower(rune.ToString()) : Upper(rune.ToString())));

    /// <summary>Whether a letter has a case.</summary>
    public static bool IsCased(Rune rune) => Rune.IsUpper(rune) || Rune.IsLower(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;

    /// <summary>Takes an escape of a string literal; the index of its last character.</summary>
    public static int Unescape(string source, int at, StringBuilder text)
    {
        var c = source[at + 1];
        if (c is 'x' or 'u' or 'U')
        {
            var length = c == 'x' ? 2 : c == 'u' ? 4 : 8;
            if (at + 2 + length <= source.Length && int.TryParse(source.AsSpan(at + 2, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                && (code <= 0xFFFF || Rune.IsValid(code)))
            {
                text.Append(code <= 0xFFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code));
                return at + 1 + length;
            }
            throw new ChatTemplateException("TemplateSyntaxError", $"a string has an escape \\{c} without its {length} hexadecimal digits");
        }
        if (c is >= '0' and <= '7')
        {
            var (value, n) = (0, 0);
            for (; n < 3 && at + 1 + n < source.Length && source[at + 1 + n] is >= '0' and <= '7'; n++) value = value * 8 + source[at + 1 + n] - '0';
            text.Append((char)value);
            return at + n;
        }
        switch (c)
        {
            case '\n': break;
            case 'n': text.Append('\n'); break;
            case 't': text.Append('\t'); break;
            case 'r': text.Append('\r'); break;
            case 'a': text.Append('\a'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'v': text.Append('\v'); break;
            case '\\' or '\'' or '"': text.Append(c); break;
            default: text.Append('\\').Append(c); break;
        }
        return at + 1;
    }

    /// <summary>Escapes for HTML, as the filter <c>escape</c> does.</summary>
    public static string EscapeHtml(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);

    // A letter of two, as dž, begins a word with only its first part large.
    private static string First(string letter) => letter switch { "ß" => "Ss", "ﬁ" => "Fi", "ﬂ" => "Fl", "ǆ" or "Ǆ" => "ǅ", "ǉ" or "Ǉ" => "ǈ", "ǌ" or "Ǌ" => "ǋ", _ => Upper(letter) };

    private static string Map(string text, Func<char, string?> of)
    {
        StringBuilder? result = null;
        for (var i = 0; i < text.Length; i++)
        {
            var other = of(text[i]);
            if (other is not null) result ??= new StringBuilder(text, 0, i, text.Length + 8);
            if (result is not null) _ = other is null ? result.Append(text[i]) : result.Append(other);
        }
        return result?.ToString() ?? text;
    }
}
