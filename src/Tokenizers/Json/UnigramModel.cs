using System.Text;
using System.Text.Json;
using AlpacaCot.Tokenizers.Text;
using AlpacaCot.Tokenizers.Unigram;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>The unigram model as tokenizer.json describes it: unknown characters in a row are one, bytes stand in for them where the model says so.</summary>
internal sealed class UnigramModel : ITokenModel
{
    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly UnigramSearch<double> _search;
    private readonly int _unknown;
    private readonly int[]? _bytes;

    [ThreadStatic]
    private static List<(int Begin, int End, int Id)>? _parts;

    /// <summary>Reads the model.</summary>
    /// <exception cref="TokenizerException">A part is missing or wrong.</exception>
    public UnigramModel(Part part)
    {
        var pieces = part.Items("vocab").Select(Piece).ToList();
        if (pieces.Count > TokenizerLimits.MostTokens) throw new TokenizerException($"tokenizer.json: more than {TokenizerLimits.MostTokens} pieces");
        for (var id = 0; id < pieces.Count; id++) _vocabulary[pieces[id].Text] = id;
        _lookup = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _unknown = part.Number("unk_id", -1);
        if (_unknown >= pieces.Count) throw new TokenizerException($"unk_id {_unknown} is outside the vocabulary of {pieces.Count} pieces");
        if (part.Flag("byte_fallback", false)) _bytes = ByteTokens.Ids(_vocabulary);
        var lowest = pieces.Select(piece => piece.Score).DefaultIfEmpty(0).Min();
        _search = new UnigramSearch<double>(_vocabulary.Select(item => (item.Key, item.Value, pieces[item.Value].Score)), lowest);
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public void Tokenize(ReadOnlySpan<char> piece, List<int> ids)
    {
        var parts = _parts ??= [];
        _search.Segment(piece, parts);
        for (var i = 0; i < parts.Count; i++)
        {
            if (!IsUnknown(parts[i].Id))
            {
                ids.Add(parts[i].Id);
                continue;
            }
            var begin = parts[i].Begin;
            while (i + 1 < parts.Count && IsUnknown(parts[i + 1].Id)) i++;
            Unknown(piece[begin..parts[i].End], ids);
        }
    }

    public void Tokenize(ReadOnlySpan<char> piece, List<TokenSpan> tokens)
    {
        var parts = new List<(int Begin, int End, int Id)>();
        _search.Segment(piece, parts);
        for (var i = 0; i < parts.Count; i++)
        {
            var begin = parts[i].Begin;
            var unknown = IsUnknown(parts[i].Id);
            while (unknown && i + 1 < parts.Count && IsUnknown(parts[i + 1].Id)) i++;
            var ids = new List<int>();
            if (unknown) Unknown(piece[begin..parts[i].End], ids);
            else ids.Add(parts[i].Id);
            // All bytes of an unknown run stand for the whole run.
            foreach (var id in ids) tokens.Add(new TokenSpan(id, begin, parts[i].End));
        }
    }

    private static (string Text, double Score) Piece(JsonElement pair, int id)
        => pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && pair[0].ValueKind == JsonValueKind.String && pair[1].ValueKind == JsonValueKind.Number
            ? (TokenizerLimits.Token(pair[0].GetString()!), pair[1].GetDouble())
            : throw new TokenizerException($"tokenizer.json: piece {id} is no pair of a text and a score");

    private bool IsUnknown(int id) => id < 0 || id == _unknown;

    private void Unknown(ReadOnlySpan<char> text, List<int> ids)
    {
        if (_lookup.TryGetValue(text, out var id))
        {
            ids.Add(id);
            return;
        }
        if (_bytes is not null)
        {
            var utf8 = Encoding.UTF8.GetBytes(text.ToString());
            if (Array.TrueForAll(utf8, b => _bytes[b] >= 0))
            {
                foreach (var b in utf8) ids.Add(_bytes[b]);
                return;
            }
        }
        if (_unknown < 0) throw new TokenizerException($"the unigram model has no unknown token for {JsonSerializer.Serialize(text.ToString())}");
        ids.Add(_unknown);
    }
}
