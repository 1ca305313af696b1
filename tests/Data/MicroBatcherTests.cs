using AlpacaCot.Data.Packing;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Tests;

public sealed class MicroBatcherTests
{
    [Fact]
    public void EpochOrder_IsAPermutationThatEpochAndSeedChange()
    {
        var order = MicroBatcher.EpochOrder(1000, seed: 1, epoch: 0);

        Assert.Equal(Enumerable.Range(0, 1000), order.Order());
        Assert.Equal(order, MicroBatcher.EpochOrder(1000, 1, 0));
        Assert.NotEqual(order, MicroBatcher.EpochOrder(1000, 1, 1));
        Assert.NotEqual(order, MicroBatcher.EpochOrder(1000, 2, 0));
    }

    [Theory]
    [InlineData(1000, 16)]
    [InlineData(1001, 16)]
    [InlineData(5, 8)]
    [InlineData(0, 8)]
    public void LengthGroupedOrder_KeepsAllAndNarrowsBatches(int count, int batchSize)
    {
        var lengths = Lengths(count);
        var order = MicroBatcher.LengthGroupedOrder(lengths, batchSize, seed: 3, epoch: 2);

        Assert.Equal(Enumerable.Range(0, count), order.Order());
        Assert.Equal(order, MicroBatcher.LengthGroupedOrder(lengths, batchSize, 3, 2));
        if (count < 100) return;
        Assert.True(Spread(order) < Spread(MicroBatcher.EpochOrder(count, 3, 2)) / 4, "batches are as mixed in length as before");

        double Spread(int[] indices) => indices.Chunk(batchSize).Average(batch => batch.Max(i => lengths[i]) - batch.Min(i => lengths[i]));
    }

    [Fact]
    public void Split_RandomSteps_StaysInTheBudgetAndLosesNothing()
    {
        for (var trial = 0; trial < 100; trial++)
        {
            var lengths = Lengths(40 + trial);
            var step = MicroBatcher.EpochOrder(lengths.Length, trial, 0)[..(trial % 40 + 1)];
            var batches = MicroBatcher.Split(lengths, step, tokenBudget: 300);

            Assert.Equal(step.Order(), batches.SelectMany(batch => batch).Order());
            Assert.All(batches, batch => Assert.True(batch.Length == 1 || batch.Sum(i => lengths[i]) <= 300, "over the budget"));
            Assert.True(batches.Count <= 1 + 2 * step.Sum(i => lengths[i]) / 300 + step.Count(i => lengths[i] > 300), "packed worse than half full");
        }
    }

    private static int[] Lengths(int count)
    {
        var random = SeededRandom.For(count, "lengths");
        return [.. Enumerable.Range(0, count).Select(_ => 10 + random.Next(350))];
    }
}
