using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers;

/// <summary>How a tokenizer splits text of one kind.</summary>
/// <param name="Kind"><c>latin</c>, <c>han</c> (with kana), <c>digits</c>, <c>other letters</c>, <c>rest</c> (spaces and marks), or <c>all</c>.</param>
/// <param name="Characters">Characters of that kind.</param>
/// <param name="Bytes">Their bytes of UTF-8.</param>
/// <param name="Tokens">Tokens that stand for them; one that stands for several kinds counts where its first letter or digit does.</param>
public sealed record SplitFigures(string Kind, long Characters, long Bytes, long Tokens)
{
    /// <summary>Characters that a token stands for.</summary>
    public double CharactersPerToken => (double)Characters / Math.Max(1, Tokens);

    /// <summary>Bytes that a token stands for.</summary>
    public double BytesPerToken => (double)Bytes / Math.Max(1, Tokens);
}

/// <summary>Tells how tokenizers split the same texts.</summary>
public static class TokenizerComparison
{
    private static readonly string[] _kinds = ["latin", "han", "digits", "other letters", "rest"];

    /// <summary>The figures of each kind of text that occurs, and of all.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellation">Stops between texts.</param>
    public static IReadOnlyList<SplitFigures> Of(IAlignedTokenizer tokenizer, IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        var (characters, bytes, tokens) = (new long[_kinds.Length], new long[_kinds.Length], new long[_kinds.Length]);
        foreach (var text in texts)
            foreach (var rune in text.EnumerateRunes())
            {
                var kind = KindOf(rune);
                characters[kind]++;
                bytes[kind] += rune.Utf8SequenceLength;
            }
        var spans = tokenizer.EncodeAllWithOffsets(texts, cancellation: cancellation);
        for (var i = 0; i < texts.Count; i++)
            foreach (var span in spans[i]) tokens[KindOf(texts[i], span)]++;
        List<SplitFigures> figures = [.. _kinds.Select((kind, k) => new SplitFigures(kind, characters[k], bytes[k], tokens[k])).Where(figure => figure.Characters + figure.Tokens > 0)];
        figures.Add(new SplitFigures("all", characters.Sum(), bytes.Sum(), tokens.Sum()));
        return figures;
    }

    /// <summary>The tokens of a text as the stretches of it that they stand for; a byte of a character is shown as the vocabulary writes it.</summary>
    public static IReadOnlyList<string> Pieces(IAlignedTokenizer tokenizer, string text)
    {
        var spans = tokenizer.EncodeWithOffsets(text);
        return [.. spans.Select((span, i) => span.End > span.Begin && (i == 0 || span.Begin >= spans[i - 1].End) && (i + 1 == spans.Length || spans[i + 1].Begin >= span.End)
            ? text[span.Begin..span.End] : tokenizer.Token(span.Id))];
    }

    private static int KindOf(string text, TokenSpan span)
    {
        foreach (var rune in text.AsSpan(span.Begin, span.End - span.Begin).EnumerateRunes())
            if (KindOf(rune) is var kind and not 4) return kind;
        return 4;
    }

    private static int KindOf(Rune rune)
    {
        var c = rune.Value;
        if (CharClass.IsNumber(c)) return 2;
        if (!CharClass.In(c, CharClass.Letters | CharClass.Marks)) return 4;
        return c switch
        {
            < 0x250 or (>= 0x1E00 and <= 0x1EFF) or (>= 0xFF21 and <= 0xFF5A) => 0,
            (>= 0x2E80 and <= 0x30FF) or (>= 0x31F0 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF) => 1,
            _ => 3,
        };
    }
}
