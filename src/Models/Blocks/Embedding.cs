using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>The token embedding: row <c>ids[t]</c> of <c>[vocabulary, hidden]</c>. The row of padding, where there is one, gets no gradient.</summary>
internal sealed class Embedding(Tensor weight, int? padding = null)
{
    public Tensor Weight => weight;

    /// <summary>int64 <c>[tokens]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor ids) => Functional.Embedding(ids, weight, padding);
}
