using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>Which keys a query may see; declared by the family.</summary>
internal abstract class MaskKind
{
    /// <summary>
    /// An additive mask <c>[queries, keys]</c> (0 or −∞, fp32), or null where all is seen. The keys end with the queries' own:
    /// query i stands at key <paramref name="keys"/> − <paramref name="queries"/> + i.
    /// </summary>
    public abstract Tensor? Additive(int queries, int keys, Device device);
}

/// <summary>Every query sees all keys up to its own.</summary>
internal sealed class CausalMask : MaskKind
{
    public static CausalMask Instance { get; } = new();

    public override Tensor? Additive(int queries, int keys, Device device)
        => queries == 1 ? null : torch.full([queries, keys], float.NegativeInfinity, ScalarType.Float32, device).triu(keys - queries + 1);
}
