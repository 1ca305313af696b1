namespace AlpacaCot.Tokenizers.Json;

/// <summary>
/// One stage of a decoder of tokenizer.json. Tokens flow through as they come, possibly in parts, so that decoding a whole text and decoding a stream
/// are the same code; a stage holds back only what a later token could change.
/// </summary>
internal abstract class DecodeStage(DecodeStage? next)
{
    protected DecodeStage Next => next!;

    /// <summary>Takes a token or a part of one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="begins">It begins a token.</param>
    /// <param name="ends">It ends that token.</param>
    public abstract void Push(ReadOnlySpan<char> text, bool begins, bool ends);

    /// <summary>The sequence ends.</summary>
    public virtual void End() => next?.End();
}

/// <summary>The decoders of tokenizer.json by their type.</summary>
internal static class Decoders
{
    private const string Known = "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, BPEDecoder, WordPiece, CTC";

    /// <summary>Reads a decoder: a function that puts its stages in front of another.</summary>
    /// <exception cref="UnsupportedTokenizerException">Its type is not known.</exception>
    public static Func<DecodeStage, DecodeStage> Read(Part part)
    {
        switch (part.Type)
        {
            case "Sequence":
                var parts = part.List("decoders", "decoder").Select(Read).Reverse().ToArray();
                return next => parts.Aggregate(next, (stage, create) => create(stage));
            case "ByteLevel": return next => new ByteLevelStage(next);
            case "ByteFallback": return next => new ByteFallbackStage(next);
            case "Fuse": return next => new FuseStage(next);
            case "Replace":
                var (pattern, content) = (Patterns.SplitPatterns.Read(part), part.Token("content"));
                if (content.Length == 1 && Patterns.SplitPatterns.Literal(part) is { Length: 1 } from)
                    return next => new ReplaceCharacterStage(next, from[0], content[0]);
                return next => new ReplaceStage(next, pattern, content);
            case "Strip":
                var (strip, start, stop) = (part.Text("content"), part.Number("start", 0), part.Number("stop", 0));
                if (strip.Length != 1) throw new UnsupportedTokenizerException($"decoder Strip of {strip}", "one character of the basic plane");
                return next => new StripStartStage(stop > 0 ? new StripEndStage(next, strip[0], stop) : next, strip[0], start);
            case "Metaspace":
                var mark = part.TextOrNull("replacement") ?? "\u2581";
                var prepends = part.Has("prepend_scheme") ? part.Text("prepend_scheme") != "never" : part.Flag("add_prefix_space", true);
                if (mark.Length != 1) throw new UnsupportedTokenizerException($"decoder Metaspace of {mark}", "one character of the basic plane");
                return next => new MetaspaceStage(next, mark[0], prepends);
            case "BPEDecoder":
                var suffix = part.TextOrNull("suffix") ?? "</w>";
                if (suffix.Length == 0) throw new UnsupportedTokenizerException("decoder BPEDecoder without a suffix", "a suffix of at least one character");
                return next => new SuffixStage(next, suffix);
            case "WordPiece":
                var (prefix, tidy) = (part.TextOrNull("prefix") ?? "##", part.Flag("cleanup", true));
                return next => new WordPieceStage(next, prefix, tidy);
            case "CTC":
                var (pad, delimiter) = (part.TextOrNull("pad_token") ?? "<pad>", part.TextOrNull("word_delimiter_token") ?? "|");
                var cleanup = part.Flag("cleanup", true);
                return next => new CtcStage(next, pad, delimiter, cleanup);
            default: throw new UnsupportedTokenizerException($"decoder {part.Type}", Known);
        }
    }

    /// <summary>Without a decoder tokens are joined by spaces.</summary>
    public static DecodeStage Join(DecodeStage next) => new JoinStage(next);
}
