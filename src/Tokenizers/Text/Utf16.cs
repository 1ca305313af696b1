using System.Text;

namespace AlpacaCot.Tokenizers.Text;

/// <summary>Code points in UTF-16 text.</summary>
internal static class Utf16
{
    /// <summary>The text with every lone surrogate replaced by U+FFFD, as conversion to UTF-8 would do; the same instance where there is none.</summary>
    public static string WellFormed(string text)
    {
        var at = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        if (at < 0) return text;
        for (var i = at; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else return Replace(text);
        }
        return text;
    }

    /// <summary>The code point at a position of well-formed text, and its length in units.</summary>
    public static int CodePoint(ReadOnlySpan<char> text, int at, out int length)
    {
        var c = text[at];
        if (!char.IsHighSurrogate(c) || at + 1 >= text.Length)
        {
            length = 1;
            return c;
        }
        length = 2;
        return char.ConvertToUtf32(c, text[at + 1]);
    }

    /// <summary>The code point that ends before a position, and its length in units.</summary>
    public static int CodePointBefore(ReadOnlySpan<char> text, int end, out int length)
    {
        var c = text[end - 1];
        if (!char.IsLowSurrogate(c) || end < 2)
        {
            length = 1;
            return c;
        }
        length = 2;
        return char.ConvertToUtf32(text[end - 2], c);
    }

    private static string Replace(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) result.Append(rune);
        return result.ToString();
    }
}
