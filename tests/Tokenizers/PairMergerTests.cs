using AlpacaCot.Tokenizers.Bpe;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class PairMergerTests
{
    [Fact]
    public void Merge_RandomSymbols_EqualsTheDefinition()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var symbols = random.Next(2, 6);
            var merges = new List<(int Left, int Right, int Rank, int Merged)>();
            var table = new PairTable(16);
            for (var i = 0; i < 40; i++)
            {
                var (left, right) = (random.Next(symbols + i), random.Next(symbols + i));
                if (merges.Exists(merge => merge.Left == left && merge.Right == right)) continue;
                // Equal ranks occur in SentencePiece: the leftmost pair goes first then.
                var merge = (left, right, random.Next(12), symbols + i);
                merges.Add(merge);
                table.Set(merge.left, merge.right, merge.Item3, merge.Item4);
            }
            var text = Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(-1, symbols)).ToArray();
            var work = text.Select(id => new Symbol(id, 1)).ToArray();
            var count = PairMerger.Merge(work, table);
            Assert.Equal(Define(text, merges), work[..count].Select(symbol => symbol.Id));
            Assert.Equal(text.Length, work[..count].Sum(symbol => symbol.Length));
        }
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

    private static List<int> Define(int[] text, List<(int Left, int Right, int Rank, int Merged)> merges)
    {
        var symbols = text.ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, symbols.Count - 1))
                .Select(at => (At: at, Merge: merges.FindIndex(merge => merge.Left == symbols[at] && merge.Right == symbols[at + 1])))
                .Where(pair => pair.Merge >= 0)
                .OrderBy(pair => merges[pair.Merge].Rank).ThenBy(pair => pair.At)
                .Select(pair => ((int At, int Merge)?)pair).FirstOrDefault();
            if (best is not { } found) return symbols;
            symbols[found.At] = merges[found.Merge].Merged;
            symbols.RemoveAt(found.At + 1);
        }
    }
}
