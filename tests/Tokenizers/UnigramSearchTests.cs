using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Unigram;
using FsCheck;
using FsCheck.Fluent;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class UnigramSearchTests
{
    private const float Lowest = -9;

    /// <summary>Pieces with their scores and a text of the same letters, some of two units. The letters that are no piece are unknown.</summary>
    public sealed record Input(IReadOnlyList<(string Text, float Score)> Pieces, string Text)
    {
        public override string ToString() => $"{string.Join(" ", Pieces)}; text {Text}";
    }

    public static class Inputs
    {
        public static Arbitrary<Input> All()
        {
            // Few letters and few scores: pieces end with each other, and paths tie.
            var letter = Gen.Elements("a", "b", "c", "\u2581", "\U0001F999");
            var inputs =
                from count in Gen.Choose(0, 25)
                from pieces in Piece(letter).ArrayOf(count)
                from length in Gen.Choose(0, 60)
                from text in letter.ArrayOf(length)
                select new Input(pieces, string.Concat(text));
            return Arb.From(inputs, input => Enumerable.Range(0, input.Pieces.Count).Select(i => input with { Pieces = [.. input.Pieces.Where((_, at) => at != i)] }));
        }

        private static Gen<(string, float)> Piece(Gen<string> letter) =>
            from length in Gen.Choose(1, 6)
            from letters in letter.ArrayOf(length)
            from score in Gen.Elements(-0.1f, -1f, -1.7f, -2.3f, -4f, Lowest)
            select (string.Concat(letters), score);
    }

    [PropertyTest(500, Arbitrary = [typeof(Inputs)])]
    public void Segment_AnyText_IsThePathThatTryingEveryPieceFinds(Input input)
    {
        var search = new UnigramSearch<float>(input.Pieces.Select((piece, id) => (piece.Text, id, piece.Score)), Lowest);
        var parts = new List<(int Begin, int End, int Id)>();
        search.Segment(input.Text, parts);
        Assert.Equal(Define(input), parts);
        // What an earlier text leaves behind changes nothing.
        search.Segment(input.Text, parts);
        Assert.Equal(Define(input), parts);
    }

    [Fact]
    public void Segment_PieceThatIsNoText_IsNeverFound()
    {
        var search = new UnigramSearch<double>([("\uDD99", 0, -1.0), ("a\uD83E", 1, -1.0), ("a", 2, -1.0), ("", 3, -1.0)], -9);
        var parts = new List<(int Begin, int End, int Id)>();
        search.Segment("a\U0001F999a", parts);
        Assert.Equal([(0, 1, 2), (1, 3, -1), (3, 4, 2)], parts);
    }

    // By position: whatever piece begins there is offered to where it ends, and the first of equal offers stands.
    private static List<(int Begin, int End, int Id)> Define(Input input)
    {
        var paths = new (float Score, int Begin, int Id)?[input.Text.Length + 1];
        paths[0] = (0, -1, -1);
        void Offer(int begin, int length, float score, int id)
        {
            score += paths[begin]!.Value.Score;
            if (paths[begin + length] is not { } best || score > best.Score) paths[begin + length] = (score, begin, id);
        }
        for (var (begin, character) = (0, 0); begin < input.Text.Length; begin += character)
        {
            character = char.IsHighSurrogate(input.Text[begin]) ? 2 : 1;
            var known = false;
            foreach (var (piece, id) in input.Pieces.Select((piece, id) => (piece, id)).DistinctBy(item => item.piece.Text))
            {
                if (string.CompareOrdinal(input.Text, begin, piece.Text, 0, piece.Text.Length) != 0) continue;
                Offer(begin, piece.Text.Length, piece.Score, id);
                known |= piece.Text.Length == character;
            }
            if (!known) Offer(begin, character, Lowest - 10, -1);
        }
        var parts = new List<(int Begin, int End, int Id)>();
        for (var end = input.Text.Length; end > 0; end = parts[^1].Begin) parts.Add((paths[end]!.Value.Begin, end, paths[end]!.Value.Id));
        parts.Reverse();
        return parts;
    }
}
