using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>
/// WordPiece: the longest token at the word's beginning, then again and again the longest that continues it; one unknown token for a word that cannot
/// be covered (Wu et al. 2016).
/// </summary>
internal sealed class WordPieceModel : ITokenModel
{
    private readonly Dictionary<string, int> _vocabulary;
    private readonly CharTrie _begins;
    private readonly CharTrie _continues;
    private readonly int _unknown;
    private readonly int _longest;

    /// <summary>Reads the model.</summary>
    /// <exception cref="TokenizerException">A part is missing or wrong.</exception>
    public WordPieceModel(Part part)
    {
        _vocabulary = BpeModel.ReadVocabulary(part.Get("vocab"));
        var prefix = part.TextOrNull("continuing_subword_prefix") ?? "##";
        var unknown = part.TextOrNull("unk_token") ?? "[UNK]";
        _unknown = _vocabulary.TryGetValue(unknown, out var id) ? id : throw new TokenizerException($"unk_token {unknown} is not in the vocabulary");
        _longest = part.Number("max_input_chars_per_word", 100);
        _begins = new CharTrie(_vocabulary.Select(token => (token.Key, token.Value)));
        var continuing = _vocabulary.Where(token => token.Key.StartsWith(prefix, StringComparison.Ordinal));
        _continues = new CharTrie(continuing.Select(token => (token.Key[prefix.Length..], token.Value)));
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public void Tokenize(ReadOnlySpan<char> piece, List<int> ids)
    {
        var count = ids.Count;
        var known = piece.Length <= _longest || CodePoints(piece) <= _longest;
        for (var at = 0; known && at < piece.Length;)
        {
            var length = (at == 0 ? _begins : _continues).LongestAt(piece, at, out var id);
            known = length > 0;
            ids.Add(id);
            at += length;
        }
        if (known) return;
        ids.RemoveRange(count, ids.Count - count);
        ids.Add(_unknown);
    }

    public void Tokenize(ReadOnlySpan<char> piece, List<TokenSpan> tokens)
    {
        var ids = new List<int>();
        Tokenize(piece, ids);
        if (ids is [var only] && only == _unknown)
        {
            tokens.Add(new TokenSpan(_unknown, 0, piece.Length));
            return;
        }
        for (int at = 0, i = 0; i < ids.Count; i++)
        {
            var length = (at == 0 ? _begins : _continues).LongestAt(piece, at, out _);
            tokens.Add(new TokenSpan(ids[i], at, at + length));
            at += length;
        }
    }

    private static int CodePoints(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }
}
