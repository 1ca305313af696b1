using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>The token embedding: row <c>ids[t]</c> of <c>[vocabulary, hidden]</c>.</summary>
internal sealed class Embedding(Tensor weight)
{
    public Tensor Weight => weight;

    /// <summary>int64 <c>[tokens]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor ids) => Functional.Embedding(ids, weight);
}
