using System.Globalization;
using System.Text;

namespace AlpacaCot.Files;

/// <summary>
/// Text of rows, models, files and keys as a terminal or a log may show it: what a terminal would obey instead of showing (escape sequences can write into the clipboard, hide a line or
/// change the title) becomes visible. The form is that of JSON, so that a JSON document that is shown stays one and means the same.
/// </summary>
public static class VisibleText
{
    /// <summary>The text with control characters, and those that turn the direction of others, as <c>\u001b</c>. Line ends and tabs stay.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\uffff')) return text;
        var shown = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) shown.Append(text[i]).Append(text[++i]);
            else if (IsShown(text[i])) shown.Append(text[i]);
            else shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
        }
        return shown.ToString();
    }

    /// <summary>As <see cref="Of"/>, on one line: for what stands within a line of its own.</summary>
    public static string OnOneLine(string text) => Of(text.ReplaceLineEndings(" "));

    private static bool IsShown(char c) => c switch
    {
        '\n' or '\t' => true,
        < ' ' or (>= '\u007f' and <= '\u009f') => false,
        // Separators that some terminals break the line at, and the directions that let a text read as another (Boucher and Anderson, Trojan Source, 2021).
        '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => false,
        // Half of a pair is no character.
        _ => !char.IsSurrogate(c),
    };
}
