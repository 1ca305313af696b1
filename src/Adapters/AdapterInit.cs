
namespace AlpacaCot.Adapters;

/// <summary>Makes trainable tensors.</summary>
internal static class AdapterInit
{
    /// <summary>A leaf in fp32, zero, then filled; left at zero without a generator (its values are about to be read from a file).</summary>
    public static Tensor Parameter(long[] shape, Device device, Action<Tensor> fill, Generator? generator)
    {
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
}
