using System.Text;

namespace AlpacaCot.Tokenizers.Text;

/// <summary>Unicode normalization forms (UAX #15).</summary>
internal static class UnicodeForm
{
    /// <summary>
    /// Refuses to go on in a process that normalizes nothing: without ICU the framework returns text as it is, without an error, and ids would differ
    /// from the reference silently.
    /// </summary>
    /// <exception cref="TokenizerException">The process has no ICU.</exception>
    public static void Require()
    {
        if ("e\u0301".Normalize(NormalizationForm.FormC) != "\u00E9")
            throw new TokenizerException("this process normalizes no Unicode text; install libicu and leave InvariantGlobalization off");
    }

    /// <summary>The text in a normalization form; the same instance where it is so already.</summary>
    /// <param name="text">Well-formed text.</param>
    /// <param name="form">The form.</param>
    public static string Apply(string text, NormalizationForm form)
    {
        if (System.Text.Ascii.IsValid(text)) return text;
        // The framework refuses noncharacters. They compose with nothing, so the text between them is normalized on its own.
        StringBuilder? result = null;
        var begin = 0;
        for (var at = 0; at < text.Length;)
        {
            var point = Utf16.CodePoint(text, at, out var length);
            if (point is (>= 0xFDD0 and <= 0xFDEF) || (point & 0xFFFE) == 0xFFFE)
            {
                result ??= new StringBuilder(text.Length);
                result.Append(text[begin..at].Normalize(form)).Append(text, at, length);
                begin = at + length;
            }
            at += length;
        }
        return result is null ? text.Normalize(form) : result.Append(text[begin..].Normalize(form)).ToString();
    }
}
