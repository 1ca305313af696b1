using System.Text;
using AlpacaCot.Tokenizers.Unigram;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>SentencePiece's unigram model. User-defined pieces score so high that they are always taken.</summary>
internal sealed class SentencePieceUnigram : ISentencePieceAlgorithm
{
    private readonly SentencePieceModel _model;
    private readonly UnigramSearch<float> _search;
    private readonly int[]? _bytes;

    [ThreadStatic]
    private static List<(int Begin, int End, int Id)>? _parts;

    public SentencePieceUnigram(SentencePieceModel model, int[]? bytes)
    {
        (_model, _bytes) = (model, bytes);
        var normal = model.Pieces.Where(piece => piece.Type == PieceType.Normal).Select(piece => piece.Score).DefaultIfEmpty(0).ToList();
        var (lowest, highest) = (normal.Min(), normal.Max());
        // A user-defined piece beats whatever covers the same bytes: log probabilities are negative, its score grows with its length.
        float Score(Piece piece) => piece.Type == PieceType.UserDefined
            ? (float)(Encoding.UTF8.GetByteCount(piece.Text) * Math.Max(highest, 0.1) - 0.1)
            : piece.Score;
        var pieces = model.Pieces.Select((piece, id) => (piece, id))
            .Where(item => item.piece.Type is PieceType.Normal or PieceType.UserDefined && !(bytes is not null && item.piece.Text == "\0"))
            .Select(item => (item.piece.Text, item.id, Score(item.piece)));
        _search = new UnigramSearch<float>(pieces, lowest);
    }

    public void Encode(ReadOnlySpan<char> text, List<int> ids, List<(int Begin, int End)>? spans = null)
    {
        var writer = new UnknownWriter(_model, _bytes, spans);
        var parts = _parts ??= [];
        _search.Segment(text, parts);
        foreach (var (begin, end, id) in parts)
            if (id < 0) writer.Unknown(text[begin..end], ids);
            else writer.Piece(id, end - begin, ids);
    }
}
