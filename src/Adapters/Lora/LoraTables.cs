using AlpacaCot.Kernels;
using AlpacaCot.Models;

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
        => logits + (torch.mm(torch.mm(hidden, A.to(hidden.dtype).t()), B.to(hidden.dtype).t()) * (float)Scaling).to(logits.dtype);
}

/// <summary>Whole tables of the member's own (<c>modules_to_save</c>): a copy of the head or of the embedding, which is trained in its place; a tied head is untied by it.</summary>
internal sealed class OwnTables : IDisposable
{
    private OwnTables(Tensor? embedding, Tensor? head, Tensor? headBias) => (Embedding, Head, HeadBias) = (embedding, head, headBias);

    public Tensor? Embedding { get; }

    public Tensor? Head { get; }

    public Tensor? HeadBias { get; }

    /// <summary>Copies the tables that a configuration names.</summary>
    /// <exception cref="AdapterException">A name is neither the embedding nor the head.</exception>
    public static OwnTables Of(IReadOnlyList<string> names, Decoder decoder, Generator? generator)
    {
        foreach (var name in names)
            if (!IsOf(decoder.EmbeddingPath, name) && !IsOf(decoder.HeadPath, name))
                throw new AdapterException($"modules_to_save: '{name}' cannot be trained whole; only the embedding ({decoder.EmbeddingPath}) and the head ({decoder.HeadPath}) can");
        var head = names.Any(name => IsOf(decoder.HeadPath, name));
        if (head && decoder.Config.NormalisedHead) throw new AdapterException("modules_to_save: the head of this family is normalised and cannot be trained whole");
        Tensor Copy(Tensor table) => AdapterInit.Parameter(table.shape, decoder.Device, own => own.copy_(table.to(torch.float32)), generator);
        return new OwnTables(
            names.Any(name => IsOf(decoder.EmbeddingPath, name)) ? Copy(decoder.Embedding) : null,
            head ? Copy(decoder.Head.Dequantise()) : null, head && decoder.Head.Bias is { } bias ? Copy(bias) : null);
    }

    /// <summary>PEFT's test: a path that ends so.</summary>
    public static bool IsOf(string path, string name) => path.Length > 0 && path.EndsWith(name, StringComparison.Ordinal);

    /// <summary>The parameters by their key.</summary>
    public IEnumerable<(string Key, Tensor Value)> Parameters(Decoder decoder)
    {
        if (Embedding is not null) yield return ($"{decoder.EmbeddingPath}.weight", Embedding);
        if (Head is not null) yield return ($"{decoder.HeadPath}.weight", Head);
        if (HeadBias is not null) yield return ($"{decoder.HeadPath}.bias", HeadBias);
    }

    public void Dispose()
    {
        Embedding?.Dispose();
        Head?.Dispose();
        HeadBias?.Dispose();
    }
}
