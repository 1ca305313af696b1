using AlpacaCot.Kernels;

namespace AlpacaCot.Models;

/// <summary>Learned keys and values in front of a sequence's own: <c>[virtual tokens, kv heads, head_dim]</c> each, not rotated.</summary>
public readonly record struct ExtraKeyValues(Tensor Keys, Tensor Values);

/// <summary>The virtual tokens in front of a sequence: its own tokens take the positions behind them.</summary>
/// <param name="Rows">Virtual rows behind the token embedding (prompt tuning), which pass through all blocks.</param>
/// <param name="Keys">Learned keys and values in each block's attention (prefix tuning); they stand in front of the rows.</param>
public readonly record struct SegmentPrefix(int Rows = 0, int Keys = 0)
{
    /// <summary>Positions that it takes up.</summary>
    public int Count => Rows + Keys;
}

/// <summary>A named projection of the decoder: where an adapter can act.</summary>
/// <param name="Block">Number of the block; <see cref="Outside"/> where it is in none.</param>
/// <param name="Name">The last part of its name, <c>q_proj</c>.</param>
/// <param name="Path">Its module path in the Hugging Face model, <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Weights">The frozen weight behind it, whatever its storage.</param>
public sealed record ProjectionSite(int Block, string Name, string Path, Projection Weights)
{
    /// <summary>The block of a projection that stands before or behind all blocks.</summary>
    public const int Outside = -1;
}

/// <summary>
/// The fixed places where PEFT methods act. The decoder knows no method; it calls these, each with the batch's segment layout,
/// and every method is written through them alone. The defaults change nothing. In the last block a layout may hold the ends of the segments
/// alone (<see cref="Segment.Position"/> says where they begin): beyond keys and values it computes no rows that nobody asked for.
/// </summary>
public interface IAdapterHooks
{
    /// <summary>
    /// The virtual tokens in front of every sequence of a member. The decoder puts them there, shifts the positions of what follows by their number,
    /// and keeps them in the cache with the sequence: callers count a sequence's own tokens alone.
    /// </summary>
    SegmentPrefix Prefix(int member) => default;

    /// <summary>A member's virtual rows <c>[<see cref="SegmentPrefix.Rows"/>, embedding width]</c>; asked for once in a pass in which its sequences begin.</summary>
    Tensor VirtualRows(int member) => throw new InvalidOperationException($"member {member} has no virtual rows");

    /// <summary>
    /// A member's keys and values in a block, <see cref="SegmentPrefix.Keys"/> of them; asked for once per block in a pass in which its sequences begin.
    /// With a cache that is once: they are kept in it.
    /// </summary>
    ExtraKeyValues Extra(int block, int member) => throw new InvalidOperationException($"member {member} has no learned keys and values");

    /// <summary>After the token embedding, on the rows of the ids alone: <c>[tokens, embedding width]</c> (embedding LoRA).</summary>
    Tensor Embedded(Tensor ids, Tensor hidden, SegmentLayout layout) => hidden;

    /// <summary>Before a projection: the input <c>[tokens, in]</c> it shall see (IA3's feed-forward, sequential adapters).</summary>
    Tensor BeforeProjection(ProjectionSite site, Tensor x, SegmentLayout layout) => x;

    /// <summary>After a projection: <paramref name="y"/> = W x + b <c>[tokens, out]</c> becomes what the block goes on with.</summary>
    Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, SegmentLayout layout) => y;

    /// <summary>A projection with the hooks before and after it: <c>[tokens, in]</c> → <c>[tokens, out]</c>.</summary>
    Tensor Project(ProjectionSite site, Tensor x, SegmentLayout layout)
    {
        x = BeforeProjection(site, x, layout);
        return AfterProjection(site, x, site.Weights.Forward(x), layout);
    }

    /// <summary>
    /// <see cref="BeforeProjection(ProjectionSite, Tensor, SegmentLayout)"/> of a decode step, which has a row for each sequence: x itself, or other rows.
    /// x must stay as it is: other projections read it too.
    /// </summary>
    Rows BeforeProjection(ProjectionSite site, Rows x, SegmentLayout layout)
    {
        var tensor = x.Tensor;
        var changed = BeforeProjection(site, tensor, layout);
        return ReferenceEquals(changed, tensor) ? x : new Rows(changed.contiguous());
    }

    /// <summary><see cref="AfterProjection(ProjectionSite, Tensor, Tensor, SegmentLayout)"/> of a decode step: changes y in place.</summary>
    void AfterProjection(ProjectionSite site, Rows x, Rows y, SegmentLayout layout) => y.Set(AfterProjection(site, x.Tensor, y.Tensor, layout));

    /// <summary>
    /// Whether in a decode step everything is done on its rows, with nothing that would gain from several threads: it then keeps the threads together from its first
    /// product to its last.
    /// </summary>
    bool ActsInPlace(SegmentLayout layout) => false;

    /// <summary>After a norm: <paramref name="y"/> = norm(<paramref name="x"/>), <c>[tokens, …]</c> both (layer-norm tuning).</summary>
    Tensor AfterNorm(NormSite site, Tensor x, Tensor y, SegmentLayout layout) => y;

    /// <summary>After the attention's output projection, before the residual sum.</summary>
    Tensor AfterAttention(int block, Tensor y, SegmentLayout layout) => y;

    /// <summary>After the MLP, before the residual sum.</summary>
    Tensor AfterMlp(int block, Tensor y, SegmentLayout layout) => y;

    /// <summary>The head: logits <c>[rows, vocabulary]</c> of the selected rows; <paramref name="logits"/> computes the base's.</summary>
    Tensor Head(Tensor hidden, SegmentLayout layout, Func<Tensor, Tensor> logits) => logits(hidden);
}

/// <summary>The bare base model.</summary>
public sealed class NoAdapters : IAdapterHooks
{
    /// <summary>The one instance.</summary>
    public static NoAdapters Instance { get; } = new();
}
