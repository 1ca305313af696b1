using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Tokenizers.Bpe;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>The model of a tokenizer.json: pieces to ids.</summary>
internal interface ITokenModel
{
    /// <summary>Token to id.</summary>
    IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>Appends the ids of one piece.</summary>
    void Tokenize(ReadOnlySpan<char> piece, List<int> ids);

    /// <summary>The same, with the range of the piece that each token stands for.</summary>
    void Tokenize(ReadOnlySpan<char> piece, List<TokenSpan> tokens);
}

/// <summary>BPE as tokenizer.json describes it.</summary>
internal sealed class BpeModel : ITokenModel
{
    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly PairTable _merges;
    private readonly int[] _characters = new int[char.MaxValue + 1];
    private readonly int[]? _bytes;
    private readonly int _unknown;
    private readonly bool _fuseUnknown;
    private readonly bool _ignoreMerges;
    private readonly string _prefix;
    private readonly string _suffix;
    private readonly WordCut? _cut;
    private readonly PieceCache _cache = new();

    /// <summary>Reads the model.</summary>
    /// <exception cref="TokenizerException">A part is missing or wrong.</exception>
    public static BpeModel Read(Part part)
    {
        if (part.Has("dropout") && !(part.Get("dropout") is { ValueKind: JsonValueKind.Number } dropout && dropout.GetDouble() == 0)) throw new UnsupportedTokenizerException("BPE dropout", "models without dropout");
        var vocabulary = ReadVocabulary(part.Get("vocab"));
        var merges = part.Items("merges").Select((merge, rank) => merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
            && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String
            ? (merge[0].GetString()!, merge[1].GetString()!)
            : Split(merge.ValueKind == JsonValueKind.String ? merge.GetString()! : "", rank));
        return new BpeModel(vocabulary, merges, part);
    }

    /// <summary>The model of a vocab.json and a merges.txt.</summary>
    public static BpeModel Read(JsonElement vocabulary, IEnumerable<string> lines)
    {
        var merges = lines.Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(Split);
        return new BpeModel(ReadVocabulary(vocabulary), merges, new Part(default, "model"));
    }

    /// <summary>The model whose merges are all ways to cut a token into two tokens, by the rank of the token; a piece that is a token is taken whole.</summary>
    public static BpeModel OfRanks(Dictionary<string, int> ranks)
    {
        var lookup = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new PairTable(4 * ranks.Count);
        foreach (var (token, rank) in ranks)
            for (var cut = 1; cut < token.Length; cut++)
                if (lookup.TryGetValue(token.AsSpan(0, cut), out var left) && lookup.TryGetValue(token.AsSpan(cut), out var right))
                    merges.Set(left, right, rank, rank);
        return new BpeModel(ranks, merges);
    }

    private BpeModel(Dictionary<string, int> ranks, PairTable merges)
    {
        (_vocabulary, _merges, _unknown, _ignoreMerges, _prefix, _suffix) = (ranks, merges, -1, true, "", "");
        _lookup = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
        Characters();
    }

    private BpeModel(Dictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges, Part part)
    {
        _vocabulary = vocabulary;
        _lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        var plain = part.Json.ValueKind == JsonValueKind.Undefined;
        _prefix = plain ? "" : part.TextOrNull("continuing_subword_prefix") ?? "";
        _suffix = plain ? "" : part.TextOrNull("end_of_word_suffix") ?? "";
        _fuseUnknown = !plain && part.Flag("fuse_unk", false);
        _ignoreMerges = !plain && part.Flag("ignore_merges", false);
        _unknown = plain || part.TextOrNull("unk_token") is not { } unknown ? -1
            : vocabulary.TryGetValue(unknown, out var id) ? id : throw new TokenizerException($"tokenizer.json: unk_token {unknown} is not in the vocabulary");
        _bytes = plain || !part.Flag("byte_fallback", false) ? null : ByteTokens.Ids(vocabulary);
        _merges = Table(merges);
        Characters();
        // A known mark also ends a run of unknown characters, which would otherwise be one over the cut.
        const char Mark = '\u2581';
        if (!_ignoreMerges && _suffix.Length == 0 && _prefix.Length == 0 && _characters[Mark] >= 0) _cut = new WordCut(Mark, vocabulary.Keys);
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public void Tokenize(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (_cut is null)
        {
            Word(piece, ids);
            return;
        }
        for (var at = 0; at < piece.Length;)
        {
            var end = _cut.End(piece, at);
            Word(piece[at..end], ids);
            at = end;
        }
    }

    public void Tokenize(ReadOnlySpan<char> piece, List<TokenSpan> tokens)
    {
        if (_ignoreMerges && _lookup.TryGetValue(piece, out var whole))
        {
            tokens.Add(new TokenSpan(whole, 0, piece.Length));
            return;
        }
        var symbols = new Symbol[Room(piece)];
        var count = PairMerger.Merge(symbols.AsSpan(0, Symbols(piece, symbols)), _merges);
        // Lengths are of UTF-8, as in the reference: a byte of a character stands for all of it. What has no token at all is not counted, so that in
        // a vocabulary that lacks characters the places after them are those of the reference, not the right ones.
        var units = new List<int>(piece.Length);
        for (var at = 0; at < piece.Length; at++)
            if (!char.IsLowSurrogate(piece[at])) units.AddRange(Enumerable.Repeat(at, Utf8Length(piece, at)));
        var begin = 0;
        foreach (var symbol in symbols.AsSpan(0, count))
        {
            var last = units[begin + symbol.Length - 1];
            tokens.Add(new TokenSpan(symbol.Id, units[begin], last + (char.IsHighSurrogate(piece[last]) ? 2 : 1)));
            begin += symbol.Length;
        }
    }

    private void Characters()
    {
        for (var c = 0; c < _characters.Length; c++) _characters[c] = _lookup.TryGetValue([(char)c], out var id) ? id : -1;
    }

    private void Word(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > PieceCache.LongestPiece)
        {
            Merge(word, ids);
            return;
        }
        var hash = PieceCache.Hash(word);
        if (_cache.TryGet(word, hash, out var known))
        {
            if (known.Length == 1) ids.Add(known[0]);
            else ids.AddRange(known);
            return;
        }
        var begin = ids.Count;
        Merge(word, ids);
        _cache.Put(word, hash, CollectionsMarshal.AsSpan(ids)[begin..]);
    }

    private void Merge(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_ignoreMerges && _lookup.TryGetValue(word, out var whole))
        {
            ids.Add(whole);
            return;
        }
        Symbol[]? rented = null;
        var room = Room(word);
        Span<Symbol> symbols = room <= 192 ? stackalloc Symbol[192] : rented = ArrayPool<Symbol>.Shared.Rent(room);
        var count = PairMerger.Merge(symbols[..Symbols(word, symbols)], _merges);
        foreach (var symbol in symbols[..count]) ids.Add(symbol.Id);
        if (rented is not null) ArrayPool<Symbol>.Shared.Return(rented);
    }

    /// <summary>The most symbols of a word: a character is at most three a unit, its UTF-8 bytes.</summary>
    private int Room(ReadOnlySpan<char> word) => (_bytes is null ? 1 : 3) * word.Length;

    private int Symbols(ReadOnlySpan<char> word, Span<Symbol> symbols)
    {
        var (count, unknown) = (0, 0);
        for (var at = 0; at < word.Length;)
        {
            var length = char.IsHighSurrogate(word[at]) && at + 1 < word.Length ? 2 : 1;
            var id = SymbolOf(word, at, length);
            if (id >= 0)
            {
                if (unknown > 0) symbols[count++] = new Symbol(_unknown, unknown);
                unknown = 0;
                symbols[count++] = new Symbol(id, Utf8Length(word, at));
            }
            else if (_bytes is not null && Bytes(word.Slice(at, length), symbols[count..]) is > 0 and var bytes) count += bytes;
            else if (_unknown >= 0)
            {
                // An unknown character is written when the next known one comes: bytes in between go before it.
                if (unknown > 0 && !_fuseUnknown)
                {
                    symbols[count++] = new Symbol(_unknown, unknown);
                    unknown = 0;
                }
                unknown += Utf8Length(word, at);
            }
            at += length;
        }
        if (unknown > 0) symbols[count++] = new Symbol(_unknown, unknown);
        return count;
    }

    private static int Utf8Length(ReadOnlySpan<char> text, int at)
        => text[at] < 0x80 ? 1 : text[at] < 0x800 ? 2 : char.IsHighSurrogate(text[at]) ? 4 : 3;

    private int SymbolOf(ReadOnlySpan<char> word, int at, int length)
    {
        var (prefix, suffix) = (at > 0 ? _prefix : "", at + length == word.Length ? _suffix : "");
        var character = word.Slice(at, length);
        if (prefix.Length + suffix.Length > 0) return _lookup.TryGetValue(string.Concat(prefix, character, suffix), out var id) ? id : -1;
        if (length == 1) return _characters[character[0]];
        return _lookup.TryGetValue(character, out var astral) ? astral : -1;
    }

    private int Bytes(ReadOnlySpan<char> character, Span<Symbol> symbols)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var count = System.Text.Encoding.UTF8.GetBytes(character, utf8);
        for (var i = 0; i < count; i++)
        {
            if (_bytes![utf8[i]] < 0) return 0;
            symbols[i] = new Symbol(_bytes[utf8[i]], 1);
        }
        return count;
    }

    private PairTable Table(IEnumerable<(string Left, string Right)> merges)
    {
        var table = new PairTable(_vocabulary.Count);
        var rank = 0;
        foreach (var (left, right) in merges)
        {
            var merged = left + (right.Length >= _prefix.Length ? right[_prefix.Length..] : right);
            table.Set(Id(left, rank), Id(right, rank), rank, Id(merged, rank));
            rank++;
        }
        return table;
    }

    private int Id(string token, int rank) => _vocabulary.TryGetValue(token, out var id)
        ? id
        : throw new TokenizerException($"merge {rank} needs the token {token}, which is not in the vocabulary");

    private static (string, string) Split(string merge, int rank)
    {
        var space = merge.IndexOf(' ');
        return space > 0 && merge.IndexOf(' ', space + 1) < 0
            ? (merge[..space], merge[(space + 1)..])
            : throw new TokenizerException($"merge {rank} is not a pair of tokens: {merge}");
    }

    /// <summary>Reads an object of tokens and ids.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary)
    {
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        if (vocabulary.ValueKind != JsonValueKind.Object) throw new TokenizerException("the vocabulary is not an object of tokens and ids");
        foreach (var token in vocabulary.EnumerateObject())
            tokens[TokenizerLimits.Token(token.Name)] = token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out var id) && id is >= 0 and < TokenizerLimits.MostTokens
                ? id
                : throw new TokenizerException($"the id of token {token.Name} is no number from 0 to {TokenizerLimits.MostTokens - 1}");
        return tokens;
    }
}
