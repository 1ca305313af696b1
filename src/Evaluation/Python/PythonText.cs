using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Python;

/// <summary>
/// Text as Python sees it, where lm-eval's numbers hang on it: white space and lengths in code points.
/// </summary>
internal static class PythonText
{
    /// <summary><c>str.rstrip()</c>.</summary>
    public static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && PythonValues.IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary><c>str.strip()</c>.</summary>
    public static string Trim(string text)
    {
        var end = TrimEnd(text);
        var start = 0;
        while (start < end.Length && PythonValues.IsSpace(end[start])) start++;
        return end[start..];
    }

    /// <summary><c>len(re.split(r"\s+", text))</c>: white space at an end adds an empty piece.</summary>
    public static int WordPieces(string text)
    {
        var pieces = 1;
        for (var i = 0; i < text.Length; i++)
            if (PythonValues.IsSpace(text[i]) && (i == 0 || !PythonValues.IsSpace(text[i - 1]))) pieces++;
        return pieces;
    }

    /// <summary><c>len(text)</c>: code points, not UTF-16 units.</summary>
    public static int Length(string text) => Statistics.EditDistance.Length(text);
}
