namespace AlpacaCot.Tokenizers.Bpe;

/// <summary>
/// Cuts text without a pre-tokenizer at space marks that no token continues over: what stands on the two sides never merges, so the parts can be
/// tokenized, and remembered, apart.
/// </summary>
internal sealed class WordCut
{
    private readonly char _mark;
    private readonly bool[] _joined = new bool[char.MaxValue + 1];

    /// <param name="mark">The space mark.</param>
    /// <param name="tokens">Every token that a merge may give.</param>
    public WordCut(char mark, IEnumerable<string> tokens)
    {
        _mark = mark;
        foreach (var token in tokens)
            for (var at = token.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = token.IndexOf(mark, at + 1))
                if (at > 0) _joined[token[at - 1]] = true;
    }

    /// <summary>Where the part that begins at a position ends.</summary>
    public int End(ReadOnlySpan<char> text, int begin)
    {
        for (var at = begin + 1; at < text.Length; at++)
        {
            var next = text[at..].IndexOf(_mark);
            if (next < 0) return text.Length;
            at += next;
            if (!_joined[text[at - 1]]) return at;
        }
        return text.Length;
    }
}
