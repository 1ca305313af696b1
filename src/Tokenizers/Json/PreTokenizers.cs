using System.Text;
using AlpacaCot.Tokenizers.Patterns;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>A pre-tokenizer of tokenizer.json: cuts pieces, or rewrites them.</summary>
internal interface IPreTokenizer
{
    void Apply(Pieces pieces);
}

/// <summary>The pre-tokenizers of tokenizer.json by their type.</summary>
internal static class PreTokenizers
{
    private const string Known = "Sequence, ByteLevel, Split, Metaspace, Digits, Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit";

    /// <summary>Reads a pre-tokenizer.</summary>
    /// <exception cref="UnsupportedTokenizerException">Its type is not known.</exception>
    public static IPreTokenizer Read(Part part) => part.Type switch
    {
        "Sequence" => new SequencePreTokenizer([.. part.List("pretokenizers", "pre-tokenizer").Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(part.Flag("add_prefix_space", true), part.Flag("use_regex", true)),
        "Split" => new Splitter(SplitPatterns.Read(part), Behavior(part), part.Flag("invert", false)),
        "Metaspace" => Metaspace(part),
        "Digits" => new Splitter(new ClassPattern(CharClass.IsNumber), part.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "Punctuation" => new Splitter(new ClassPattern(CharClass.IsPunctuation), part.Has("behavior") ? Behavior(part) : SplitBehavior.Isolated),
        "Whitespace" => new Splitter(new RunePattern(@"\w+|[^\w\s]+"), SplitBehavior.Removed, invert: true),
        "WhitespaceSplit" => new Splitter(new ClassPattern(CharClass.IsSpace), SplitBehavior.Removed),
        "BertPreTokenizer" => new SequencePreTokenizer(
        [
            new Splitter(new ClassPattern(CharClass.IsSpace), SplitBehavior.Removed),
            new Splitter(new ClassPattern(CharClass.IsPunctuation), SplitBehavior.Isolated),
        ]),
        "CharDelimiterSplit" => new Splitter(new LiteralPattern(part.Text("delimiter")), SplitBehavior.Removed),
        var other => throw new UnsupportedTokenizerException($"pre-tokenizer {other}", Known),
    };

    private static SplitBehavior Behavior(Part part)
        => Enum.TryParse<SplitBehavior>(part.Text("behavior"), out var behavior)
            ? behavior
            : throw new UnsupportedTokenizerException($"split behavior {part.Text("behavior")}", string.Join(", ", Enum.GetNames<SplitBehavior>()));

    private static MetaspacePreTokenizer Metaspace(Part part)
    {
        // Before prepend_scheme there was add_prefix_space.
        var scheme = part.TextOrNull("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) throw new UnsupportedTokenizerException($"prepend_scheme {scheme}", "always, first, never");
        return new MetaspacePreTokenizer(part.Character("replacement", '\u2581').ToString(), scheme, part.Flag("split", true));
    }
}

internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> parts) : IPreTokenizer
{
    public void Apply(Pieces pieces)
    {
        foreach (var part in parts) part.Apply(pieces);
    }
}

/// <summary>Cuts by GPT-2's pattern and writes bytes by their stand-ins.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private static readonly char[] _ascii = [.. Enumerable.Range(0, 128).Select(b => ByteAlphabet.Character((byte)b))];
    private readonly Splitter? _splitter = useRegex ? new Splitter(SplitPatterns.Regex(FamilyPattern.Gpt2), SplitBehavior.Isolated) : null;

    public void Apply(Pieces pieces)
    {
        if (addPrefixSpace) Prepend(pieces);
        _splitter?.Apply(pieces);
        foreach (var range in pieces.Ranges)
        {
            var text = pieces[range];
            if (pieces.Tracks) Track(pieces, range);
            pieces.Wrote(range, Write(text, pieces.Room(3 * text.Length)));
        }
        pieces.EndRewrite();
    }

    /// <summary>Every byte comes from its whole character.</summary>
    private static void Track(Pieces pieces, PieceRange range)
    {
        var text = pieces[range];
        for (var at = 0; at < text.Length;)
        {
            var rune = new Rune(Utf16.CodePoint(text, at, out var length));
            pieces.Came(range, at, rune.Utf8SequenceLength);
            at += length;
        }
    }

    private static int Write(ReadOnlySpan<char> text, Span<char> room)
    {
        var written = 0;
        Span<byte> utf8 = stackalloc byte[4];
        for (var at = 0; at < text.Length;)
        {
            var c = text[at];
            if (c < 128)
            {
                room[written++] = _ascii[c];
                at++;
                continue;
            }
            var count = new Rune(Utf16.CodePoint(text, at, out var length)).EncodeToUtf8(utf8);
            foreach (var b in utf8[..count]) room[written++] = ByteAlphabet.Character(b);
            at += length;
        }
        return written;
    }

    private static void Prepend(Pieces pieces)
    {
        foreach (var range in pieces.Ranges)
        {
            var text = pieces[range];
            var room = pieces.Room(text.Length + 1);
            var added = text[0] == ' ' || (range.First && !pieces.Prefix) ? 0 : 1;
            room[0] = ' ';
            text.CopyTo(room[added..]);
            if (pieces.Tracks)
            {
                pieces.Came(range, 0, added);
                for (var i = 0; i < text.Length; i++) pieces.Came(range, i, 1);
            }
            pieces.Wrote(range, text.Length + added);
        }
        pieces.EndRewrite();
    }
}

/// <summary>SentencePiece's way with spaces: each becomes a mark that stays with the word after it.</summary>
internal sealed class MetaspacePreTokenizer(string replacement, string scheme, bool split) : IPreTokenizer
{
    private readonly Splitter? _splitter = split ? new Splitter(new LiteralPattern(replacement), SplitBehavior.MergedWithNext) : null;

    public void Apply(Pieces pieces)
    {
        foreach (var range in pieces.Ranges)
        {
            var text = pieces[range];
            var room = pieces.Room((text.Length + 1) * replacement.Length);
            var begins = text[0] == ' ' || text.StartsWith(replacement, StringComparison.Ordinal);
            var prepend = !begins && (pieces.Prefix || !range.First) && (scheme == "always" || (scheme == "first" && range.First && pieces.AtTextBegin));
            var written = 0;
            if (prepend) written += Mark(room, written);
            foreach (var c in text)
                if (c == ' ') written += Mark(room, written);
                else room[written++] = c;
            if (pieces.Tracks)
            {
                if (prepend) pieces.Came(range, 0, replacement.Length);
                for (var i = 0; i < text.Length; i++) pieces.Came(range, i, text[i] == ' ' ? replacement.Length : 1);
            }
            pieces.Wrote(range, written);
        }
        pieces.EndRewrite();
        _splitter?.Apply(pieces);
    }

    private int Mark(Span<char> room, int at)
    {
        replacement.CopyTo(room[at..]);
        return replacement.Length;
    }
}
