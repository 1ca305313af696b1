using System.Globalization;
using System.Text;
using AlpacaCot.Tokenizers.Offsets;
using AlpacaCot.Tokenizers.Patterns;
using AlpacaCot.Tokenizers.SentencePiece;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>How a text is normalized.</summary>
/// <param name="Prefix">Whether a prefix may be put in front; not where the text continues earlier tokens.</param>
/// <param name="Most">Characters that the text may become, whatever the stages do one after the other.</param>
internal readonly record struct Normalization(bool Prefix, int Most);

/// <summary>A normalizer of tokenizer.json: text to text, and the same where it must be known what came from where.</summary>
/// <param name="apply">Text to text. The text is well-formed, one section between added tokens.</param>
/// <param name="align">The same on text with its origins, which knows itself how long it may become.</param>
internal sealed class Normalizer(Func<string, Normalization, string> apply, Func<AlignedText, bool, AlignedText> align)
{
    /// <summary>A normalizer that never puts anything in front and makes few characters of one.</summary>
    public Normalizer(Func<string, string> apply, Func<AlignedText, AlignedText> align) : this((text, _) => apply(text), (text, _) => align(text)) { }

    /// <summary>Normalizes a text.</summary>
    /// <exception cref="TokenizerException">It becomes too long.</exception>
    public string Apply(string text, bool prefix) => Apply(text, new Normalization(prefix, TokenizerLimits.MostOf(text.Length)));

    /// <summary>Normalizes a text as one stage of several.</summary>
    public string Apply(string text, Normalization how)
    {
        var result = apply(text, how);
        TokenizerLimits.Check(result.Length, how.Most);
        return result;
    }

    /// <summary>Normalizes a text and keeps track of where it comes from.</summary>
    public AlignedText Align(AlignedText text, bool prefix) => align(text, prefix);
}

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
                return new Normalizer(
                    (text, how) => parts.Aggregate(text, (now, normalizer) => normalizer.Apply(now, how)),
                    (text, prefix) => parts.Aggregate(text, (now, normalizer) => normalizer.Align(now, prefix)));
            case "NFC": return Form(NormalizationForm.FormC);
            case "NFD": return Form(NormalizationForm.FormD);
            case "NFKC": return Form(NormalizationForm.FormKC);
            case "NFKD": return Form(NormalizationForm.FormKD);
            case "Lowercase": return new Normalizer(Lowercase, LowercaseAligned);
            case "Strip":
                var (left, right) = (part.Flag("strip_left", true), part.Flag("strip_right", true));
                int Begin(string text) => left ? text.Length - text.AsSpan().TrimStart().Length : 0;
                int End(string text) => right ? text.AsSpan().TrimEnd().Length : text.Length;
                return new Normalizer(
                    text => text[Begin(text)..Math.Max(Begin(text), End(text))],
                    text => text.Slice(Begin(text.Text), Math.Max(Begin(text.Text), End(text.Text))));
            case "StripAccents":
                static bool NoMark(int point) => !CharClass.In(point, CharClass.Marks);
                return new Normalizer(text => Filter(text, NoMark), text => text.Filter(NoMark));
            case "Replace":
                var (pattern, content) = (SplitPatterns.Read(part), part.Token("content"));
                return SplitPatterns.Literal(part) is { Length: > 0 } from
                    ? new Normalizer((text, how) => Replace(text, from, content, how.Most), (text, _) => text.Replace(Matches(text.Text, from), content))
                    : new Normalizer((text, how) => Replace(text, pattern, content, how.Most), (text, _) => text.Replace(Matches(text.Text, pattern), content));
            case "Prepend":
                var prepend = part.Token("prepend");
                return new Normalizer((text, how) => text.Length == 0 || !how.Prefix ? text : prepend + text, (text, prefix) => prefix ? text.Prepend(prepend) : text);
            case "Precompiled":
                var map = new PrecompiledCharsMap(Blob(part, "precompiled_charsmap"));
                return new Normalizer((text, how) => Precompiled(text, map, how.Most), (text, _) => PrecompiledAligned(text, map));
            case "Nmt":
                static bool NoControl(int point) => !IsNmtControl(point);
                return new Normalizer(
                    text => Map(Filter(text, NoControl), NmtSpace),
                    text => text.Filter(NoControl).Map(point => point > char.MaxValue ? char.ConvertFromUtf32(point) : NmtSpace((char)point).ToString()));
            case "ByteLevel": return new Normalizer(ByteLevel, text => text.Map(point => ByteLevel(char.ConvertFromUtf32(point))));
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

    /// <summary><see cref="Lowercase"/> with origins.</summary>
    public static AlignedText LowercaseAligned(AlignedText text) => text.Map(point => Lowercase(char.ConvertFromUtf32(point)));

    /// <summary>A Unicode normalization form.</summary>
    public static Normalizer Form(NormalizationForm form) => new(text => UnicodeForm.Apply(text, form), text => AlignedForms.Apply(text, form));

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
    public static string Replace(string text, ISplitPattern pattern, string content, int most)
    {
        var result = new StringBuilder(text.Length);
        var at = 0;
        foreach (var (begin, end) in Matches(text, pattern))
        {
            result.Append(text, at, begin - at).Append(content);
            TokenizerLimits.Check(result.Length, most);
            at = end;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }

    private static string Replace(string text, string from, string content, int most)
    {
        // Where even a text of nothing but matches would not be too long, there is nothing to count.
        if (text.Length / from.Length * (long)content.Length + text.Length > most) TokenizerLimits.Check(text.Length + Matches(text, from).Count() * ((long)content.Length - from.Length), most);
        return text.Replace(from, content, StringComparison.Ordinal);
    }

    private static byte[] Blob(Part part, string name)
    {
        var text = part.Text(name);
        return System.Buffers.Text.Base64.IsValid(text) ? Convert.FromBase64String(text) : throw new TokenizerException($"tokenizer.json: {name} of the {part.Kind} is not base64");
    }

    private static IEnumerable<(int Begin, int End)> Matches(string text, ISplitPattern pattern)
    {
        for (var from = 0; pattern.Find(text, from, out var begin, out var end);)
        {
            yield return (begin, end);
            if (end > begin) from = end;
            else if (end >= text.Length) break;
            else
            {
                Utf16.CodePoint(text, end, out var length);
                from = end + length;
            }
        }
    }

    private static IEnumerable<(int Begin, int End)> Matches(string text, string literal)
    {
        for (var at = text.IndexOf(literal, StringComparison.Ordinal); at >= 0; at = text.IndexOf(literal, at + literal.Length, StringComparison.Ordinal))
            yield return (at, at + literal.Length);
    }

    private static string ByteLevel(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text)) result.Append(ByteAlphabet.Character(b));
        return result.ToString();
    }

    private static string Precompiled(string text, PrecompiledCharsMap map, int most)
    {
        var result = new StringBuilder(text.Length);
        foreach (var (begin, length, replacement) in Chunks(text, map))
        {
            if (replacement is null) result.Append(text, begin, length);
            else result.Append(replacement);
            TokenizerLimits.Check(result.Length, most);
        }
        return result.ToString();
    }

    private static AlignedText PrecompiledAligned(AlignedText text, PrecompiledCharsMap map)
    {
        var characters = new List<(int Point, int Change)>(text.Text.Length);
        foreach (var (begin, length, replacement) in Chunks(text.Text, map))
        {
            var old = text.Text.AsSpan(begin, length).ToString().EnumerateRunes().Count();
            var now = (replacement ?? text.Text.Substring(begin, length)).EnumerateRunes().Select(rune => rune.Value).ToList();
            // Characters stand for each other in turn. What is too many at the end is new; what is missing goes with the last one, whichever that is.
            for (var i = 0; i < now.Count; i++) characters.Add((now[i], i < old ? 0 : 1));
            if (now.Count < old && characters.Count > 0) characters[^1] = (characters[^1].Point, characters[^1].Change - (old - now.Count));
        }
        return text.Transform(characters);
    }

    /// <summary>
    /// The text in chunks, each with what replaces it or null. A grapheme cluster of less than six bytes that begins with a key of the map is replaced as a
    /// whole, else each of its characters is.
    /// </summary>
    private static IEnumerable<(int Begin, int Length, string? Replacement)> Chunks(string text, PrecompiledCharsMap map)
    {
        for (var at = 0; at < text.Length;)
        {
            var cluster = StringInfo.GetNextTextElementLength(text, at);
            if (Encoding.UTF8.GetByteCount(text.AsSpan(at, cluster)) < 6 && map.Match(text.AsSpan(at, cluster), shortest: true, out var whole) > 0)
            {
                yield return (at, cluster, whole);
                at += cluster;
                continue;
            }
            for (var end = at + cluster; at < end;)
            {
                Utf16.CodePoint(text, at, out var length);
                yield return (at, length, map.Match(text.AsSpan(at, length), shortest: true, out var one) > 0 ? one : null);
                at += length;
            }
        }
    }
}
