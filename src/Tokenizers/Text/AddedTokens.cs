namespace AlpacaCot.Tokenizers.Text;

/// <summary>A token that is cut out of the text before anything else, with its flags as tokenizer.json writes them.</summary>
internal sealed record AddedToken(
    int Id, string Content, bool Special, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false);

/// <summary>A stretch of text [Begin, End): an added token's (Id ≥ 0) or text between them (Id −1).</summary>
internal readonly record struct Section(int Begin, int End, int Id);

/// <summary>The added tokens of a tokenizer: leftmost, then longest; those on raw text apart from those on normalised text.</summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<int, AddedToken> _byId = [];
    private readonly HashSet<string> _special = new(StringComparer.Ordinal);
    private readonly CharTrie _raw;
    private readonly CharTrie _normalized;

    /// <param name="tokens">The tokens.</param>
    /// <param name="normalize">The normaliser, which is applied to the text of tokens that are looked for in normalised text.</param>
    public AddedTokens(IReadOnlyList<AddedToken> tokens, Func<string, string> normalize)
    {
        foreach (var token in tokens)
        {
            _byId[token.Id] = token;
            if (token.Special) _special.Add(token.Content);
        }
        // Of equal texts the last one stands.
        _raw = new CharTrie(tokens.Where(token => !token.Normalized).Reverse().Select(token => (token.Content, token.Id)));
        _normalized = new CharTrie(tokens.Where(token => token.Normalized).Reverse().Select(token => (normalize(token.Content), token.Id)));
    }

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _byId.Count == 0;

    /// <summary>The token of an id, or null.</summary>
    public AddedToken? Find(int id) => _byId.GetValueOrDefault(id);

    /// <summary>Whether a token's text is that of a special token.</summary>
    public bool IsSpecial(string content) => _special.Contains(content);

    /// <summary>Cuts text at the added tokens.</summary>
    /// <param name="text">The text, raw or normalised.</param>
    /// <param name="normalized">Which tokens are looked for: those on normalised text or those on raw text.</param>
    /// <param name="specialAsText">Special tokens are left in the text.</param>
    public List<Section> Split(string text, bool normalized, bool specialAsText)
    {
        var trie = normalized ? _normalized : _raw;
        var sections = new List<Section>();
        if (text.Length == 0) return sections;
        var begin = 0;
        var at = trie.Find(text, 0, out var length, out var id);
        while (at >= 0)
        {
            var (start, stop, token) = (at, at + length, _byId[id]);
            at = trie.Find(text, stop, out length, out id);
            if (specialAsText && _special.Contains(token.Content)) continue;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || BeginsWithWord(text.AsSpan(stop)))) continue;
            // White space that the token before has taken is not looked at again: a text of nothing else would take the square of its length.
            if (token.LeftStrip) start = begin + text.AsSpan(begin..Math.Max(begin, start)).TrimEnd().Length;
            if (token.RightStrip) stop = text.Length - text.AsSpan(Math.Max(stop, begin)).TrimStart().Length;
            if (begin < start) sections.Add(new Section(begin, start, -1));
            sections.Add(new Section(start, stop, token.Id));
            begin = stop;
        }
        if (begin < text.Length) sections.Add(new Section(begin, text.Length, -1));
        return sections;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) => text.Length > 0 && CharClass.IsWord(Utf16.CodePointBefore(text, text.Length, out _));

    private static bool BeginsWithWord(ReadOnlySpan<char> text) => text.Length > 0 && CharClass.IsWord(Utf16.CodePoint(text, 0, out _));
}
