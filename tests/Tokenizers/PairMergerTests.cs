using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Bpe;
using FsCheck;
using FsCheck.Fluent;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class PairMergerTests
{
    /// <summary>Merges over a few symbols, and a text of them; -1 merges with nothing. A merge's result is a symbol of its own, at its place after the letters.</summary>
    public sealed record Input(int Letters, IReadOnlyList<(int Left, int Right, int Rank)> Merges, IReadOnlyList<int> Text)
    {
        public override string ToString() => $"{Letters} letters; {string.Join(" ", Merges)}; text {string.Join(" ", Text)}";
    }

    public static class Inputs
    {
        public static Arbitrary<Input> All()
        {
            // Few letters and few ranks: pairs overlap, and equal ranks occur as in SentencePiece, where the leftmost pair goes first then.
            var inputs =
                from letters in Gen.Choose(1, 5)
                from merges in Gen.Choose(0, 30).SelectMany(count => Merge(letters, count))
                from longest in Gen.Elements(12, 120)
                from length in Gen.Choose(1, longest)
                from text in Gen.Choose(-1, letters - 1).ArrayOf(length)
                select new Input(letters, merges, text);
            return Arb.From(inputs, input =>
                Enumerable.Range(0, input.Text.Count).Select(i => input with { Text = [.. input.Text.Where((_, at) => at != i)] }).Where(smaller => smaller.Text.Count > 0));
        }

        private static Gen<(int, int, int)[]> Merge(int letters, int count)
        {
            var merge =
                from left in Gen.Choose(0, letters + count - 1)
                from right in Gen.Choose(0, letters + count - 1)
                from rank in Gen.Choose(0, 12)
                select (left, right, rank);
            return merge.ArrayOf(count).Select(merges => merges.DistinctBy(m => (m.left, m.right)).ToArray());
        }
    }

    [PropertyTest(500, Arbitrary = [typeof(Inputs)])]
    public void Merge_AnyText_EqualsTheDefinition(Input input)
    {
        var table = new PairTable(16);
        for (var i = 0; i < input.Merges.Count; i++) table.Set(input.Merges[i].Left, input.Merges[i].Right, input.Merges[i].Rank, input.Letters + i);
        var work = input.Text.Select(id => new Symbol(id, 1)).ToArray();
        var count = PairMerger.Merge(work, table);
        Assert.Equal(Define(input), work[..count].Select(symbol => symbol.Id));
        Assert.Equal(input.Text.Count, work[..count].Sum(symbol => symbol.Length));
        // The heap, which short texts do not use, must agree with the scan.
        var observed = input.Text.Select(id => new Symbol(id, 1)).ToArray();
        Assert.Equal(work[..count], observed[..PairMerger.Merge(observed, table, new Nobody())]);
    }

    [Fact]
    public void Merge_PairThatHasChangedMeanwhile_WaitsForItsOwnRank()
    {
        const int A = 0, B = 1, C = 2, D = 3, BC = 4, AB = 5, BCD = 6, ABC = 7;
        var table = new PairTable(16);
        table.Set(B, C, 1, BC);
        table.Set(A, B, 5, AB);
        table.Set(BC, D, 7, BCD);
        table.Set(A, BC, 9, ABC);
        Symbol[] symbols = [new(A, 1), new(B, 1), new(C, 1), new(D, 1)];
        var count = PairMerger.Merge(symbols, table, new Nobody()); // the heap
        Assert.Equal([new Symbol(A, 1), new Symbol(BCD, 3)], symbols[..count]);
    }

    [Fact]
    public void Merge_LongRunOfOneSymbol_DoesNotTakeQuadraticTime()
    {
        var table = new PairTable(16);
        for (var i = 0; i < 20; i++) table.Set(i, i, i, i + 1);
        var symbols = Enumerable.Repeat(new Symbol(0, 1), 1 << 20).ToArray();
        // A scan over all pairs for each of the million merges would not end in a test's time.
        Assert.Equal(1, PairMerger.Merge(symbols, table));
        Assert.Equal(new Symbol(20, 1 << 20), symbols[0]);
    }

    /// <summary>The plain reference: look at all pairs, merge the best, again.</summary>
    private static List<int> Define(Input input)
    {
        var symbols = input.Text.ToList();
        while (true)
        {
            var best = (Rank: int.MaxValue, At: -1, Merged: -1);
            for (var at = 0; at + 1 < symbols.Count; at++)
                for (var m = 0; m < input.Merges.Count; m++)
                    if (input.Merges[m].Left == symbols[at] && input.Merges[m].Right == symbols[at + 1] && input.Merges[m].Rank < best.Rank)
                        best = (input.Merges[m].Rank, at, input.Letters + m);
            if (best.At < 0) return symbols;
            symbols[best.At] = best.Merged;
            symbols.RemoveAt(best.At + 1);
        }
    }

    private sealed class Nobody : IPairObserver
    {
        public void Seen(int left, int right, int merged)
        {
        }
    }
}
