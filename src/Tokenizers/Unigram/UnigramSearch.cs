using System.Buffers;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Unigram;

/// <summary>
/// The most probable segmentation of a text under a unigram language model (Kudo 2018): Viterbi over the pieces at each position. A character that is
/// no piece by itself may be unknown, at ten below the lowest score.
/// </summary>
/// <param name="trie">The pieces.</param>
/// <param name="scores">The log probability of each piece.</param>
/// <param name="unknownScore">The score of an unknown character.</param>
/// <param name="single">Path scores are kept in single precision, as SentencePiece does: sums that tie in one precision differ in another.</param>
internal sealed class UnigramSearch(CharTrie trie, double[] scores, double unknownScore, bool single)
{
    private const double UnknownPenalty = 10;

    /// <summary>The score of unknown characters where the lowest score of a piece is this.</summary>
    public static double UnknownScore(double lowest) => lowest - UnknownPenalty;

    /// <summary>Finds the best path and hands out its parts in order: [begin, end) and the piece, or -1.</summary>
    public void Segment(ReadOnlySpan<char> text, List<(int Begin, int End, int Id)> parts)
    {
        parts.Clear();
        var nodes = ArrayPool<Node>.Shared.Rent(text.Length + 1);
        nodes.AsSpan(0, text.Length + 1).Fill(new Node(0, -1, -1));
        for (var begin = 0; begin < text.Length;)
        {
            var character = char.IsHighSurrogate(text[begin]) && begin + 1 < text.Length ? 2 : 1;
            var (here, known, node) = (nodes[begin].Score, false, 0);
            for (var end = begin; end < text.Length && trie.Step(ref node, text[end], out var id);)
            {
                end++;
                if (id < 0) continue;
                Offer(ref nodes[end], here + scores[id], begin, id);
                known |= end - begin == character;
            }
            if (!known) Offer(ref nodes[begin + character], here + unknownScore, begin, -1);
            begin += character;
        }
        for (var end = text.Length; end > 0; end = nodes[end].Begin) parts.Add((nodes[end].Begin, end, nodes[end].Id));
        parts.Reverse();
        ArrayPool<Node>.Shared.Return(nodes);
    }

    private void Offer(ref Node node, double score, int begin, int id)
    {
        if (single) score = (float)score;
        if (node.Begin < 0 || score > node.Score) node = new Node(score, begin, id);
    }

    private readonly record struct Node(double Score, int Begin, int Id);
}
