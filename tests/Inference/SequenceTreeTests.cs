using AlpacaCot.Inference.Scoring;

namespace AlpacaCot.Inference.Tests;

public sealed class SequenceTreeTests
{
    /// <summary>Examples before questions before options: each is computed once.</summary>
    [Fact]
    public void Tree_ExamplesQuestionsOptions_EachOnce()
    {
        int[] examples = [.. Enumerable.Range(100, 40)];
        var sequences = from question in Enumerable.Range(0, 5)
                        from option in Enumerable.Range(0, 4)
                        select new Sequence(0, [.. examples, .. Enumerable.Range(1000 * (question + 1), 12), 7 * option, 7 * option + 1], Shares: true);
        var tree = Tree(sequences);
        Assert.Equal(40 + 5 * 12 + 5 * 4 * 2, tree.Ids.Length);
        Assert.Equal(1 + 5 + 5 * 4, tree.Layout.Segments.Count);
    }

    [Fact]
    public void Tree_OfOneQuestionsLetters_HasItOnce()
        => Assert.Equal(5, Tree(Enumerable.Repeat(new Sequence(2, [1, 2, 3, 4, 5], Shares: true), 4)).Ids.Length);

    [Fact]
    public void Tree_OfOtherMembers_SharesNothing()
        => Assert.Equal(3 * 20, Tree(Enumerable.Range(-1, 3).Select(member => new Sequence(member, [.. Enumerable.Range(0, 20)], Shares: true))).Ids.Length);

    [Fact]
    public void Tree_OfSequencesWhoseBeginningsDependOnWhatFollows_SharesEqualsAlone()
    {
        int[] ids = [.. Enumerable.Range(0, 20)];
        Assert.Equal(20 + 21, Tree([new Sequence(0, ids, Shares: false), new Sequence(0, [.. ids, 5], Shares: false), new Sequence(0, ids, Shares: false)]).Ids.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Row_OfAnySequences_IsOfItsTokenBehindItsOwnBeginning(int seed)
    {
        // Few different tokens, and beginnings of others: branches everywhere.
        var random = new Random(seed);
        var all = new List<int[]>();
        for (var n = 0; n < 200; n++)
        {
            int[] front = all.Count == 0 || random.Next(4) == 0 ? [] : all[random.Next(all.Count)];
            all.Add([.. front[..random.Next(front.Length + 1)], .. Enumerable.Range(0, random.Next(1, 25)).Select(_ => random.Next(3))]);
        }
        var sequences = all.Select(ids => new Sequence(random.Next(2), ids, Shares: random.Next(5) > 0)).Order().ToList();
        var tree = new SequenceTree(sequences);
        for (var n = 0; n < sequences.Count; n++)
        {
            var (member, ids, _) = sequences[n];
            for (var token = 0; token < ids.Length; token++)
            {
                var row = tree.Row(n, token);
                Assert.Equal(ids[token], tree.Ids[row]);
                var segment = tree.Layout.Segments.Single(s => s.Start <= row && row < s.End);
                Assert.Equal((member, token), (segment.Member, segment.Position + row - segment.Start));
            }
        }
        Assert.True(tree.Ids.Length < sequences.Sum(sequence => sequence.Ids.Length));
    }

    private static SequenceTree Tree(IEnumerable<Sequence> sequences) => new([.. sequences.Order()]);
}
