using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Training;

/// <summary>The order in which each epoch visits a member's rows. A function of the epoch's number alone, so that resuming needs no state.</summary>
public abstract class RowOrder
{
    /// <summary>The order of an epoch: a permutation of 0 … rows − 1.</summary>
    public abstract IReadOnlyList<int> Of(int epoch, int rows);

    /// <summary>Shuffled anew in every epoch.</summary>
    public static RowOrder Shuffled(ulong seed) => new ShuffledOrder(seed);

    /// <summary>As the rows are.</summary>
    public static RowOrder Sequential { get; } = new FixedOrder(null);

    /// <summary>Given for every epoch.</summary>
    public static RowOrder Given(IReadOnlyList<IReadOnlyList<int>> epochs) => new FixedOrder(epochs);

    private sealed class ShuffledOrder(ulong seed) : RowOrder
    {
        public override IReadOnlyList<int> Of(int epoch, int rows)
        {
            var order = Enumerable.Range(0, rows).ToArray();
            var key = SplitMix64.Key(seed, (ulong)epoch);
            for (var i = rows - 1; i > 0; i--)
            {
                var j = (int)(((UInt128)SplitMix64.Mix(key + (ulong)i) * (ulong)(i + 1)) >> 64);
                (order[i], order[j]) = (order[j], order[i]);
            }
            return order;
        }
    }

    private sealed class FixedOrder(IReadOnlyList<IReadOnlyList<int>>? epochs) : RowOrder
    {
        public override IReadOnlyList<int> Of(int epoch, int rows)
        {
            if (epochs is null) return [.. Enumerable.Range(0, rows)];
            if (epoch >= epochs.Count) throw new TrainingException($"no order is given for epoch {epoch + 1}; {epochs.Count} are");
            if (epochs[epoch].Count != rows) throw new TrainingException($"the order of epoch {epoch + 1} has {epochs[epoch].Count} rows, the data {rows}");
            return epochs[epoch];
        }
    }
}
