using System.Globalization;
using System.Text;
using AlpacaCot.Tokenizers.Patterns;
using AlpacaCot.Tokenizers.SentencePiece;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>A normalizer of tokenizer.json: text to text.</summary>
/// <param name="text">Well-formed text of one section between added tokens.</param>
/// <param name="prefix">Whether a prefix may be put in front; not where the text continues earlier tokens.</param>
internal delegate string Normalizer(string text, bool prefix);

/// <summary>The normalizers of tokenizer.json by their type.</summary>
internal static class Normalizers
{
    private const string Known = "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Replace, Prepend, Precompiled, Nmt, ByteLevel, BertNormalizer";

    /// <summary>Reads a normalizer.</summary>
    /// <exception cref="UnsupportedTokenizerException">Its type is not known.</exception>
    public static Normalizer Read(Part part)
    {
        if (part.Type is "NFC" or "NFD" or "NFKC" or "NFKD" or "BertNormalizer") UnicodeForm.Require();
        switch (part.Type)
        {
            case "Sequence":
                var parts = part.List("normalizers", "normalizer").Select(Read).ToArray();
                return (text, prefix) => parts.Aggregate(text, (now, normalizer) => normalizer(now, prefix));
            case "NFC": return (text, _) => UnicodeForm.Apply(text, NormalizationForm.FormC);
            case "NFD": return (text, _) => UnicodeForm.Apply(text, NormalizationForm.FormD);
            case "NFKC": return (text, _) => UnicodeForm.Apply(text, NormalizationForm.FormKC);
            case "NFKD": return (text, _) => UnicodeForm.Apply(text, NormalizationForm.FormKD);
            case "Lowercase": return (text, _) => Lowercase(text);
            case "Strip":
                var (left, right) = (part.Flag("strip_left", true), part.Flag("strip_right", true));
                return (text, _) =>
                {
                    if (left) text = text.TrimStart();
                    return right ? text.TrimEnd() : text;
                };
            case "StripAccents": return (text, _) => Filter(text, point => !CharClass.In(point, CharClass.Marks));
            case "Replace":
                var (pattern, content) = (SplitPatterns.Read(part), part.Text("content"));
                return part.Get("pattern").TryGetProperty("String", out var literal) && literal.GetString() is { Length: > 0 } from
                    ? (text, _) => text.Replace(from, content, StringComparison.Ordinal)
                    : (text, _) => Replace(text, pattern, content);
            case "Prepend":
                var prepend = part.Text("prepend");
                return (text, prefix) => text.Length == 0 || !prefix ? text : prepend + text;
            case "Precompiled":
                var map = new PrecompiledCharsMap(Convert.FromBase64String(part.Text("precompiled_charsmap")));
                return (text, _) => Precompiled(text, map);
            case "Nmt": return (text, _) => Map(Filter(text, point => !IsNmtControl(point)), NmtSpace);
            case "ByteLevel": return (text, _) => ByteLevel(text);
            case "BertNormalizer":
                var lower = part.Flag("lowercase", true);
                return BertNormalizer.Create(part.Flag("clean_text", true), part.Flag("handle_chinese_chars", true), part.Flag("strip_accents", lower), lower);
            default: throw new UnsupportedTokenizerException($"normalizer {part.Type}", Known);
        }
    }

    /// <summary>Each code point in lower case by itself, without regard to its neighbours.</summary>
    public static string Lowercase(string text)
    {
        var lower = text.ToLowerInvariant();
        // The one character whose lower case is two.
        return text.Contains('\u0130') ? lower.Replace("\u0130", "i\u0307", StringComparison.Ordinal) : lower;
    }

    /// <summary>The code points for which a predicate holds.</summary>
    public static string Filter(string text, Predicate<int> keep)
    {
        StringBuilder? result = null;
        for (var at = 0; at < text.Length;)
        {
            var kept = keep(Utf16.CodePoint(text, at, out var length));
            if (!kept) result ??= new StringBuilder(text, 0, at, text.Length);
            if (kept) result?.Append(text, at, length);
            at += length;
        }
        return result?.ToString() ?? text;
    }

    private static string Map(string text, Func<char, char> map) => string.Create(text.Length, (text, map), static (span, state) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = state.map(state.text[i]);
    });

    private static bool IsNmtControl(int point) => point is (>= 1 and <= 8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or 0x8F or 0x9F;

    private static char NmtSpace(char c) => c is '\t' or '\n' or '\f' or '\r' or '\u1680'
        or (>= '\u200B' and <= '\u200F') or '\u2028' or '\u2029' or '\u2581' or '\uFEFF' or '\uFFFD' ? ' ' : c;

    /// <summary>Other text for what a pattern matches.</summary>
    public static string Replace(string text, ISplitPattern pattern, string content)
    {
        var result = new StringBuilder(text.Length);
        var at = 0;
        for (var from = 0; pattern.Find(text, from, out var begin, out var end);)
        {
            result.Append(text, at, begin - at).Append(content);
            at = end;
            if (end > begin) from = end;
            else if (end >= text.Length) break;
            else
            {
                Utf16.CodePoint(text, end, out var length);
                from = end + length;
            }
        }
        return result.Append(text, at, text.Length - at).ToString();
    }

    private static string ByteLevel(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text)) result.Append(ByteAlphabet.Character(b));
        return result.ToString();
    }

    private static string Precompiled(string text, PrecompiledCharsMap map)
    {
        // A grapheme cluster of less than six bytes that begins with a key of the map is replaced as a whole, else each of its characters is.
        var result = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var cluster = text.AsSpan(at, StringInfo.GetNextTextElementLength(text, at));
            at += cluster.Length;
            if (Encoding.UTF8.GetByteCount(cluster) < 6 && map.Match(cluster, shortest: true, out var whole) > 0) result.Append(whole);
            else
                for (var i = 0; i < cluster.Length;)
                {
                    Utf16.CodePoint(cluster, i, out var length);
                    var character = cluster.Slice(i, length);
                    if (map.Match(character, shortest: true, out var one) > 0) result.Append(one);
                    else result.Append(character);
                    i += length;
                }
        }
        return result.ToString();
    }
}
