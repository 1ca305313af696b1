using System.Buffers;
using System.Numerics;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Unigram;

/// <summary>
/// The most probable segmentation of a text under a unigram language model (Kudo 2018): Viterbi over the pieces that end at each position. A character
/// that is no piece by itself may be unknown, at ten below the lowest score.
/// </summary>
/// <typeparam name="TScore">
/// What path scores are kept in: sums that tie in one precision differ in another, and SentencePiece keeps them in single precision.
/// </typeparam>
internal sealed class UnigramSearch<TScore> where TScore : unmanaged, IBinaryFloatingPointIeee754<TScore>
{
    private static readonly TScore _unknownPenalty = TScore.CreateChecked(10);

    private readonly PieceAutomaton _automaton;
    private readonly Piece[] _pieces;
    private readonly TScore _unknownScore;

    /// <summary>Prepares the search.</summary>
    /// <param name="pieces">The pieces, their numbers (not negative) and log probabilities; the first of equal ones stands.</param>
    /// <param name="lowest">The lowest score of a piece that counts for unknown characters.</param>
    public UnigramSearch(IEnumerable<(string Text, int Id, TScore Score)> pieces, TScore lowest)
    {
        // Text is well formed: what is not can only lie across the halves of a character.
        var usable = pieces.Where(piece => piece.Text.Length > 0 && ReferenceEquals(Utf16.WellFormed(piece.Text), piece.Text)).DistinctBy(piece => piece.Text, StringComparer.Ordinal).ToList();
        _automaton = new PieceAutomaton([.. usable.Select(piece => piece.Text)]);
        _pieces = [.. usable.Select((piece, i) => new Piece(piece.Score, piece.Text.Length, _automaton.Shorter(i), piece.Id))];
        _unknownScore = lowest - _unknownPenalty;
    }

    /// <summary>Finds the best path and hands out its parts in order: [begin, end) and the piece, or -1.</summary>
    public void Segment(ReadOnlySpan<char> text, List<(int Begin, int End, int Id)> parts)
    {
        parts.Clear();
        var rented = ArrayPool<Path>.Shared.Rent(text.Length + 1);
        var paths = rented.AsSpan(0, text.Length + 1);
        paths[0] = default;
        var state = 0;
        for (var end = 1; end < paths.Length; end++)
        {
            var unit = text[end - 1];
            var at = _automaton.Step(ref state, unit);
            var character = 1;
            if (char.IsSurrogate(unit))
            {
                if (char.IsHighSurrogate(unit) && end < text.Length) continue;
                if (end > 1 && char.IsHighSurrogate(text[end - 2])) character = 2;
            }
            var (best, length) = (new Path(TScore.NegativeInfinity, -1, -1), 0);
            while (at >= 0)
            {
                ref readonly var piece = ref _pieces[at];
                (length, at) = (piece.Length, piece.Shorter);
                var score = paths[end - length].Score + piece.Score;
                if (score > best.Score || best.Begin < 0) best = new Path(score, end - length, piece.Id);
            }
            if (length != character)
            {
                var score = paths[end - character].Score + _unknownScore;
                if (score > best.Score || best.Begin < 0) best = new Path(score, end - character, -1);
            }
            paths[end] = best;
        }
        for (var end = text.Length; end > 0; end = paths[end].Begin) parts.Add((paths[end].Begin, end, paths[end].Id));
        parts.Reverse();
        ArrayPool<Path>.Shared.Return(rented);
    }

    private readonly record struct Piece(TScore Score, int Length, int Shorter, int Id);

    /// <summary>The best path to a position: its score and its last part.</summary>
    private readonly record struct Path(TScore Score, int Begin, int Id);
}
