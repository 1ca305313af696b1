using System.Globalization;
using System.Text;

namespace AlpacaCot.Evaluation.Python;

/// <summary>
/// Text as Python sees it, where lm-eval's numbers hang on it: white space, lengths in code points, how numbers print.
/// </summary>
internal static class PythonText
{
    /// <summary><c>str.isspace</c>: Unicode white space and the four separators U+001C … U+001F.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    /// <summary><c>str.rstrip()</c>.</summary>
    public static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary><c>str.strip()</c>.</summary>
    public static string Trim(string text)
    {
        var end = TrimEnd(text);
        var start = 0;
        while (start < end.Length && IsSpace(end[start])) start++;
        return end[start..];
    }

    /// <summary><c>len(re.split(r"\s+", text))</c>: white space at an end adds an empty piece.</summary>
    public static int WordPieces(string text)
    {
        var pieces = 1;
        for (var i = 0; i < text.Length; i++)
            if (IsSpace(text[i]) && (i == 0 || !IsSpace(text[i - 1]))) pieces++;
        return pieces;
    }

    /// <summary><c>len(text)</c>: code points, not UTF-16 units.</summary>
    public static int Length(string text) => Statistics.EditDistance.Length(text);

    /// <summary><c>repr(float)</c>: the shortest digits that read back, exponent form below 1e-4 and from 1e16.</summary>
    public static string Repr(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        var text = Math.Abs(value).ToString("E16", CultureInfo.InvariantCulture);
        var shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var exponent = int.Parse(text[(text.IndexOf('E', StringComparison.Ordinal) + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var digits = Digits(shortest);
        // Rounding to 17 digits may carry into the next power of ten where the shortest form does not.
        if (shortest.Contains('E', StringComparison.Ordinal))
            exponent = int.Parse(shortest[(shortest.IndexOf('E', StringComparison.Ordinal) + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        if (digits.Length <= exponent + 1) return $"{sign}{digits.PadRight(exponent + 1, '0')}.0";
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static string Digits(string shortest)
    {
        var builder = new StringBuilder();
        foreach (var c in shortest)
        {
            if (c == 'E') break;
            if (char.IsAsciiDigit(c)) builder.Append(c);
        }
        return builder.ToString().TrimStart('0').TrimEnd('0') is { Length: > 0 } digits ? digits : "0";
    }
}
