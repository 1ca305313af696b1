using AlpacaCot.Kernels;

namespace AlpacaCot.Adapters.Lora;

/// <summary>LoRA on the token embedding E: <c>E[x] + s · (A[:, x])ᵀ Bᵀ</c> with A <c>[r, vocabulary]</c> and B <c>[width, r]</c>.</summary>
/// <param name="Path">Module path of the embedding.</param>
/// <param name="A">Its factor with a column for each token.</param>
/// <param name="B">The other one.</param>
/// <param name="Scaling">s.</param>
/// <param name="Padding">A token whose column gets no gradient, where the base's row gets none.</param>
internal sealed record LoraEmbedding(string Path, Tensor A, Tensor B, double Scaling, int? Padding)
{
    public Tensor Merge(Tensor embedding) => embedding.to(torch.float32) + torch.mm(B, A).t() * (float)Scaling;

    public Tensor Forward(Tensor ids, Tensor hidden)
    {
        var rows = Functional.Embedding(ids, A.t(), Padding);
        return hidden + (torch.mm(rows, B.t()) * (float)Scaling).to(hidden.dtype);
    }
}

/// <summary>LoRA on the head: <c>logits + s · B A h</c>.</summary>
internal sealed record LoraHead(string Path, Tensor A, Tensor B, double Scaling)
{
    public Tensor Merge(Tensor head) => head + torch.mm(B, A) * (float)Scaling;

    public Tensor Forward(Tensor hidden, Tensor logits)
        => logits + (Functional.Matmul(Functional.Matmul(hidden, A.to(hidden.dtype).t()), B.to(hidden.dtype).t()) * (float)Scaling).to(logits.dtype);
}
