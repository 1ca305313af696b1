using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Attention of one segment that sees more keys than its own (a cache's, an adapter's): softmax(q kᵀ / sqrt(head_dim) + mask) v with
/// grouped heads: query head i reads key/value head i / (heads / kv heads). The softmax is fp32.
/// </summary>
internal static class GroupedAttention
{
    /// <summary>q <c>[queries, heads, d]</c>, k and v <c>[keys, kv heads, d]</c> → <c>[queries, heads, d]</c>.</summary>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, MaskKind mask)
    {
        long queries = q.size(0), heads = q.size(1), d = q.size(2), keys = k.size(0), groups = k.size(1), perGroup = heads / groups;
        // Heads that share keys are stacked as rows of one product, so that no key is repeated.
        var stacked = q.view(queries, groups, perGroup, d).permute(1, 2, 0, 3).reshape(groups, perGroup * queries, d);
        var scores = torch.matmul(stacked, k.permute(1, 2, 0)).to(ScalarType.Float32) * (1 / Math.Sqrt(d));
        if (mask.Additive((int)queries, (int)keys, q.device) is { } additive)
            scores = (scores.view(groups, perGroup, queries, keys) + additive).view(groups, perGroup * queries, keys);
        var weights = torch.softmax(scores, -1).to(v.dtype);
        return torch.matmul(weights, v.transpose(0, 1)).view(groups, perGroup, queries, d).permute(2, 0, 1, 3).reshape(queries, heads, d);
    }
}
