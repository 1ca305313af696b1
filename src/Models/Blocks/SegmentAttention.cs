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

/// <summary>
/// Attention of one segment: softmax(q kᵀ / sqrt(head_dim) + mask) v with grouped heads; query head i reads key/value head i / (heads / kv heads).
/// Scores and softmax are fp32.
/// </summary>
internal static class SegmentAttention
{
    /// <summary>q <c>[queries, heads, d]</c>, k and v <c>[keys, kv heads, d]</c> → <c>[queries, heads · d]</c>.</summary>
    internal static Tensor Composed(Tensor q, Tensor k, Tensor v, MaskKind mask)
    {
        long queries = q.size(0), heads = q.size(1), d = q.size(2), keys = k.size(0), groups = k.size(1), perGroup = heads / groups;
        // Heads that share keys are stacked as rows of one product, so that no key is repeated.
        var stacked = q.view(queries, groups, perGroup, d).permute(1, 2, 0, 3).reshape(groups, perGroup * queries, d);
        var scores = torch.matmul(stacked, k.permute(1, 2, 0)).to(ScalarType.Float32) * (1 / Math.Sqrt(d));
        if (mask.Additive((int)queries, (int)keys, q.device) is { } additive)
            scores = (scores.view(groups, perGroup, queries, keys) + additive).view(groups, perGroup * queries, keys);
        var weights = torch.softmax(scores, -1).to(v.dtype);
        return torch.matmul(weights, v.transpose(0, 1)).view(groups, perGroup, queries, d).permute(2, 0, 1, 3).reshape(queries, heads * d);
    }
}
