using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Packing;

/// <summary>
/// The order of examples in training, and their grouping into micro-batches of packed tokens. All of it is a function of the seed and the epoch,
/// so that a resumed run goes on with the same batches.
/// </summary>
public static class MicroBatcher
{
    /// <summary>A permutation of 0 … count − 1 for one epoch.</summary>
    public static int[] EpochOrder(int count, long seed, int epoch)
    {
        var order = Enumerable.Range(0, count).ToArray();
        SeededRandom.For(seed, "epoch-order", epoch).Shuffle<int>(order);
        return order;
    }

    /// <summary>
    /// The same, with examples of like length brought together: within windows of several batches of the shuffled order examples are sorted by length, and the
    /// batches then shuffled. A batch still holds a random draw of its window.
    /// </summary>
    /// <param name="lengths">Tokens of each example.</param>
    /// <param name="batchSize">Examples of one optimiser step.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="windowBatches">Batches of one window.</param>
    public static int[] LengthGroupedOrder(IReadOnlyList<int> lengths, int batchSize, long seed, int epoch, int windowBatches = 50)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(windowBatches, 1);
        var order = EpochOrder(lengths.Count, seed, epoch);
        var random = SeededRandom.For(seed, "length-groups", epoch);
        var result = new List<int>(order.Length);
        foreach (var window in order.Chunk(batchSize * windowBatches))
        {
            var batches = window.OrderByDescending(index => lengths[index]).Chunk(batchSize).ToArray();
            // A short last batch stays last, so that every batch before it is whole.
            var whole = batches[^1].Length == batchSize ? batches.Length : batches.Length - 1;
            random.Shuffle(batches.AsSpan(0, whole));
            foreach (var batch in batches) result.AddRange(batch);
        }
        return [.. result];
    }

    /// <summary>
    /// Splits the examples of one optimiser step into micro-batches of at most <paramref name="tokenBudget"/> tokens (first fit, longest first);
    /// an example over the budget is a micro-batch of its own. No example is lost or repeated.
    /// </summary>
    /// <param name="lengths">Tokens of each example.</param>
    /// <param name="indices">The step's examples.</param>
    /// <param name="tokenBudget">Most tokens of one micro-batch.</param>
    /// <returns>Micro-batches of indices, each in the step's order.</returns>
    public static IReadOnlyList<int[]> Split(IReadOnlyList<int> lengths, IReadOnlyList<int> indices, int tokenBudget)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokenBudget, 1);
        var bins = new List<(List<int> Places, int Tokens)>();
        foreach (var place in Enumerable.Range(0, indices.Count).OrderByDescending(place => lengths[indices[place]]))
        {
            var tokens = lengths[indices[place]];
            var at = bins.FindIndex(bin => bin.Tokens + tokens <= tokenBudget);
            if (at < 0)
            {
                bins.Add(([place], tokens));
                continue;
            }
            bins[at].Places.Add(place);
            bins[at] = (bins[at].Places, bins[at].Tokens + tokens);
        }
        return [.. bins.Select(bin => bin.Places.Order().Select(place => indices[place]).ToArray())];
    }
}
