namespace AlpacaCot.Models.Blocks;

/// <summary>How a family projects to queries, keys and values.</summary>
internal interface IQueryKeyValue
{
    /// <summary><c>[tokens, hidden]</c> → queries <c>[kept tokens, heads, d]</c>, keys and values <c>[tokens, kv heads, d]</c>.</summary>
    (Tensor Query, Tensor Key, Tensor Value) Project(Tensor x, AttentionShape shape, ForwardStep step, ForwardStep kept);
}

/// <summary>Three projections.</summary>
internal sealed class SeparateQueryKeyValue(ProjectionSite query, ProjectionSite key, ProjectionSite value) : IQueryKeyValue
{
    public ProjectionSite Query => query;

    public ProjectionSite Key => key;

    public ProjectionSite Value => value;

    public (Tensor Query, Tensor Key, Tensor Value) Project(Tensor x, AttentionShape shape, ForwardStep step, ForwardStep kept)
    {
        Tensor Heads(Tensor y, int heads) => y.reshape(y.size(0), heads, shape.HeadDim);
        var q = Heads(kept.Project(query, kept.Select(x)), shape.Heads);
        var k = Heads(step.Project(key, x), shape.KeyValueHeads);
        return (q, k, Heads(step.Project(value, x), shape.KeyValueHeads));
    }
}

/// <summary>
/// The rows of a fused projection: groups, each with its share of the query heads and of the key/value heads. One group is queries, keys and values
/// in a row; a group per head is BLOOM's order; a group per key/value head InternLM2's; CodeGen has four, and the values before the keys.
/// </summary>
/// <param name="Groups">Number of groups; divides both numbers of heads.</param>
/// <param name="ValueFirst">Whether in a group the values come before the keys.</param>
internal sealed record FusedOrder(int Groups, bool ValueFirst = false);

/// <summary>One projection to queries, keys and values.</summary>
internal sealed class FusedQueryKeyValue(ProjectionSite site, FusedOrder order) : IQueryKeyValue
{
    public (Tensor Query, Tensor Key, Tensor Value) Project(Tensor x, AttentionShape shape, ForwardStep step, ForwardStep kept)
    {
        var (tokens, queries, keys) = (x.size(0), shape.Heads / order.Groups, shape.KeyValueHeads / order.Groups);
        var rows = step.Project(site, x).view(tokens, order.Groups, queries + 2 * keys, shape.HeadDim);
        Tensor Part(int start, int count, int heads) => rows.narrow(2, start, count).reshape(tokens, heads, shape.HeadDim);
        var (first, second) = (Part(queries, keys, shape.KeyValueHeads), Part(queries + keys, keys, shape.KeyValueHeads));
        var q = kept.Select(Part(0, queries, shape.Heads));
        return order.ValueFirst ? (q, second, first) : (q, first, second);
    }
}
