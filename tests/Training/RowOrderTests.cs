namespace AlpacaCot.Training.Tests;

public sealed class RowOrderTests
{
    [Fact]
    public void Shuffled_EveryEpoch_IsAPermutationOfItsOwn()
    {
        var order = RowOrder.Shuffled(7);
        var epochs = Enumerable.Range(0, 4).Select(epoch => order.Of(epoch, 200)).ToList();
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 200), epoch.Order()));
        // All differ, from each other and from the rows as they are.
        Assert.Equal(5, epochs.Append(Enumerable.Range(0, 200)).Select(epoch => string.Join(' ', epoch)).Distinct().Count());
        Assert.Equal(epochs[2], RowOrder.Shuffled(7).Of(2, 200));
        Assert.NotEqual(epochs[0], RowOrder.Shuffled(8).Of(0, 200));
    }
}
