namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>Something that matches stretches of text.</summary>
internal interface ISplitPattern
{
    /// <summary>
    /// The next match that begins at or after a position: [begin, end), possibly empty. Text before <paramref name="from"/> can be looked at, but not
    /// matched.
    /// </summary>
    bool Find(ReadOnlySpan<char> text, int from, out int begin, out int end);
}

/// <summary>A literal string.</summary>
internal sealed class LiteralPattern(string literal) : ISplitPattern
{
    public bool Find(ReadOnlySpan<char> text, int from, out int begin, out int end)
    {
        var at = literal.Length == 0 ? -1 : text[from..].IndexOf(literal, StringComparison.Ordinal);
        (begin, end) = (from + at, from + at + literal.Length);
        return at >= 0;
    }
}

/// <summary>One code point of a class.</summary>
internal sealed class ClassPattern(Predicate<int> holds) : ISplitPattern
{
    public bool Find(ReadOnlySpan<char> text, int from, out int begin, out int end)
    {
        for (var at = from; at < text.Length;)
        {
            var point = Text.Utf16.CodePoint(text, at, out var length);
            (begin, end) = (at, at + length);
            if (holds(point)) return true;
            at += length;
        }
        (begin, end) = (-1, -1);
        return false;
    }
}
