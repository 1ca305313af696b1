
namespace AlpacaCot.Adapters;

/// <summary>Makes trainable tensors.</summary>
internal static class AdapterInit
{
    [ThreadStatic]
    private static Budget? _budget;

    /// <summary>
    /// Bounds the values of all parameters that are made until it is disposed of: what a configuration asks for costs nothing to write, so a file that is
    /// loaded must hold as many.
    /// </summary>
    /// <param name="values">How many there may be.</param>
    /// <param name="file">The file that holds them.</param>
    public static IDisposable AtMost(long values, string file) => _budget = new Budget(values, file);

    /// <summary>A leaf in fp32, zero, then filled; left at zero without a generator (its values are about to be read from a file).</summary>
    public static Tensor Parameter(long[] shape, Device device, Action<Tensor> fill, Generator? generator)
    {
        _budget?.Spend(shape);
        // Drawn on the processor, so that a seed means the same adapter on every device.
        var value = torch.zeros(shape, torch.float32);
        using (torch.no_grad())
            if (generator is not null) fill(value);
        return value.to(device).DetachFromDisposeScope().requires_grad_();
    }

    /// <summary>Kaiming uniform with a = √5, which is U(−1/√n, 1/√n) for n inputs.</summary>
    public static void KaimingUniform(Tensor weight, Generator? generator)
    {
        var bound = 1 / Math.Sqrt(weight.size(1));
        weight.uniform_(-bound, bound, generator);
    }

    private sealed class Budget(long left, string file) : IDisposable
    {
        private Int128 _left = left;

        public void Spend(long[] shape)
        {
            _left -= shape.Aggregate((Int128)1, (product, size) => product * size);
            if (_left < 0) throw new AdapterException($"{file}: {AdapterDirectory.ConfigFile} asks for more values than it holds; does the one belong to the other?");
        }

        public void Dispose() => _budget = null;
    }
}
