using System.Globalization;
using System.Text;
using AlpacaCot.Tokenizers.Offsets;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>BERT's normalizer: control characters away, white space to spaces, spaces around CJK ideographs, accents away, lower case.</summary>
internal static class BertNormalizer
{
    private const uint Dropped = 1u << (int)UnicodeCategory.Control | 1u << (int)UnicodeCategory.Format | 1u << (int)UnicodeCategory.PrivateUse;

    public static Normalizer Create(bool cleanText, bool spaceIdeographs, bool stripAccents, bool lowercase) => new(
        text =>
        {
            if (cleanText) text = Clean(text);
            if (spaceIdeographs) text = Space(text);
            if (stripAccents) text = WithoutAccents(text);
            return lowercase ? Normalizers.Lowercase(text) : text;
        },
        text =>
        {
            if (cleanText) text = text.Filter(IsKept).Map(point => CharClass.IsSpace(point) ? " " : char.ConvertFromUtf32(point));
            if (spaceIdeographs) text = text.Map(point => IsIdeograph(point) ? $" {char.ConvertFromUtf32(point)} " : char.ConvertFromUtf32(point));
            if (stripAccents) text = AlignedForms.Apply(text, NormalizationForm.FormD).Filter(IsNoAccent);
            return lowercase ? Normalizers.LowercaseAligned(text) : text;
        });

    private static bool IsKept(int point) => point is '\t' or '\n' or '\r' || (point is not (0 or 0xFFFD) && !CharClass.In(point, Dropped));

    private static bool IsNoAccent(int point) => CharClass.Category(point) != UnicodeCategory.NonSpacingMark;

    private static string Clean(string text)
    {
        var kept = Normalizers.Filter(text, IsKept);
        return string.Create(kept.Length, kept, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = char.IsWhiteSpace(source[i]) ? ' ' : source[i];
        });
    }

    private static string WithoutAccents(string text) => Normalizers.Filter(UnicodeForm.Apply(text, NormalizationForm.FormD), IsNoAccent);

    private static string Space(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            if (IsIdeograph(rune.Value)) result.Append(' ').Append(rune).Append(' ');
            else result.Append(rune);
        return result.ToString();
    }

    private static bool IsIdeograph(int point) => point is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
