using System.Buffers;
using AlpacaCot.Tokenizers.Bpe;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>
/// SentencePiece's BPE: neighbours whose concatenation is a piece are merged, the highest score first, the leftmost of equals. User-defined pieces are
/// cut out before and never merge; a result of type UNUSED is split back into the pair that made it.
/// </summary>
internal sealed class SentencePieceBpe : ISentencePieceAlgorithm
{
    private readonly SentencePieceModel _model;
    private readonly CharTrie _userDefined;
    private readonly int[]? _bytes;
    private readonly Dictionary<int, int> _characters = [];
    private readonly PairTable _merges;
    private readonly bool[]? _unused;
    private readonly WordCut? _cut;
    private readonly PieceCache _cache = new();

    public SentencePieceBpe(SentencePieceModel model, CharTrie userDefined, int[]? bytes)
    {
        (_model, _userDefined, _bytes) = (model, userDefined, bytes);
        var texts = new Dictionary<string, int>(model.Pieces.Count, StringComparer.Ordinal);
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            // With byte fallback a NUL has no piece of its own.
            if (model.Pieces[id] is { Type: PieceType.Normal or PieceType.UserDefined or PieceType.Unused } piece
                && !(bytes is not null && piece.Text == "\0")) texts.TryAdd(piece.Text, id);
        }
        var extra = model.Pieces.Count;
        foreach (var text in texts.Keys)
            foreach (var rune in text.EnumerateRunes())
                if (!_characters.ContainsKey(rune.Value))
                    _characters.Add(rune.Value, texts.TryGetValue(rune.ToString(), out var id) ? id : extra++);
        _merges = Merges(texts, Ranks(model));
        var unusedPairs = texts.Values.Where(id => model.Pieces[id].Type == PieceType.Unused).ToList();
        if (unusedPairs.Count > 0)
        {
            _unused = new bool[extra];
            foreach (var id in unusedPairs) _unused[id] = true;
        }
        // Which pair an unused piece is split back into depends on the whole text.
        _cut = _unused is null ? new WordCut(SentencePieceNormalizer.Space, texts.Keys) : null;
    }

    public void Encode(ReadOnlySpan<char> text, List<int> ids, List<(int Begin, int End)>? spans = null)
    {
        var writer = new UnknownWriter(_model, _bytes, spans);
        for (var at = 0; at < text.Length;)
        {
            var (next, length, id) = (text.Length, 0, -1);
            if (!_userDefined.IsEmpty && _userDefined.Find(text, at, out length, out id) is >= 0 and var found) next = found;
            Stretch(text[at..next], ids, ref writer);
            if (id >= 0) writer.Piece(id, length, ids);
            at = next + length;
        }
    }

    private void Stretch(ReadOnlySpan<char> text, List<int> ids, ref UnknownWriter writer)
    {
        if (_cut is null)
        {
            Merge(text, ids, ref writer);
            return;
        }
        for (var at = 0; at < text.Length;)
        {
            var end = _cut.End(text, at);
            Word(text[at..end], ids, ref writer);
            at = end;
        }
    }

    private void Word(ReadOnlySpan<char> text, List<int> ids, ref UnknownWriter writer)
    {
        // Without byte fallback a run of unknown characters may go on over the cut, so that ids depend on what stood before.
        if (text.Length > PieceCache.LongestPiece || _bytes is null || writer.Tracks)
        {
            Merge(text, ids, ref writer);
            return;
        }
        var hash = PieceCache.Hash(text);
        if (_cache.TryGet(text, hash, out var known))
        {
            ids.AddRange(known);
            return;
        }
        var begin = ids.Count;
        Merge(text, ids, ref writer);
        _cache.Put(text, hash, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids)[begin..]);
    }

    private void Merge(ReadOnlySpan<char> text, List<int> ids, ref UnknownWriter writer)
    {
        if (text.Length == 0) return;
        Symbol[]? rented = null;
        Span<Symbol> symbols = text.Length <= 128 ? stackalloc Symbol[128] : rented = ArrayPool<Symbol>.Shared.Rent(text.Length);
        var count = 0;
        for (var at = 0; at < text.Length;)
        {
            var point = Utf16.CodePoint(text, at, out var length);
            symbols[count++] = new Symbol(_characters.GetValueOrDefault(point, -1), length);
            at += length;
        }
        var unused = _unused is null ? null : new UnusedSplits(_unused);
        count = PairMerger.Merge(symbols[..count], _merges, unused);
        var begin = 0;
        foreach (var symbol in symbols[..count])
        {
            if ((uint)symbol.Id >= _model.Pieces.Count) writer.Unknown(text.Slice(begin, symbol.Length), ids);
            else if (unused is null) writer.Piece(symbol.Id, symbol.Length, ids);
            else unused.Write(symbol.Id, text.Slice(begin, symbol.Length), _model, ref writer, ids);
            begin += symbol.Length;
        }
        if (rented is not null) ArrayPool<Symbol>.Shared.Return(rented);
    }

    private static int[] Ranks(SentencePieceModel model)
    {
        // Equal scores share a rank, so that the leftmost pair goes first.
        var scores = model.Pieces.Select(piece => -piece.Score).Distinct().Order().ToArray();
        return [.. model.Pieces.Select(piece => Array.BinarySearch(scores, -piece.Score))];
    }

    private PairTable Merges(Dictionary<string, int> texts, int[] ranks)
    {
        // Merging only ever meets single characters and pieces, so each way to cut a piece into two of those is a merge.
        var merges = new PairTable(4 * texts.Count);
        var lookup = texts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (text, id) in texts)
            for (var cut = 1; cut < text.Length; cut++)
                if (!char.IsLowSurrogate(text[cut])
                    && SymbolOf(text.AsSpan(0, cut), lookup) is >= 0 and var left
                    && SymbolOf(text.AsSpan(cut), lookup) is >= 0 and var right)
                    merges.Set(left, right, ranks[id], id);
        return merges;
    }

    private int SymbolOf(ReadOnlySpan<char> text, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> pieces)
    {
        if (pieces.TryGetValue(text, out var id)) return id;
        var point = Utf16.CodePoint(text, 0, out var length);
        return length == text.Length ? _characters.GetValueOrDefault(point, -1) : -1;
    }

    /// <summary>Remembers from which pair an UNUSED piece could be made: the last pair seen stands.</summary>
    private sealed class UnusedSplits(bool[] unused) : IPairObserver
    {
        private readonly Dictionary<int, (int Left, int Right)> _pairs = [];

        public void Seen(int left, int right, int merged)
        {
            if (unused[merged]) _pairs[merged] = (left, right);
        }

        public void Write(int id, ReadOnlySpan<char> text, SentencePieceModel model, ref UnknownWriter writer, List<int> ids)
        {
            if (id >= model.Pieces.Count) writer.Unknown(text, ids);
            else if (!unused[id] || !_pairs.TryGetValue(id, out var pair)) writer.Piece(id, text.Length, ids);
            else
            {
                // A symbol beyond the pieces is a single character.
                var right = pair.Right < model.Pieces.Count ? model.Pieces[pair.Right].Text.Length : char.IsLowSurrogate(text[^1]) ? 2 : 1;
                Write(pair.Left, text[..^right], model, ref writer, ids);
                Write(pair.Right, text[^right..], model, ref writer, ids);
            }
        }
    }
}
