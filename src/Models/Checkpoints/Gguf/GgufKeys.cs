using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>The sizes that every architecture has.</summary>
internal sealed record GgufSizes(int Vocabulary, int Hidden, int Inner, int Layers, int Heads, int KeyValueHeads, int HeadDim, int Rotated, int Positions, double Epsilon, bool Tied);

/// <summary>The keys of a file's architecture, and its tensors, while its configuration is read.</summary>
/// <param name="file">The file.</param>
/// <param name="header">Its header.</param>
/// <param name="architecture">llama.cpp's name of the architecture.</param>
internal sealed class GgufKeys(MappedFile file, GgufHeader header, string architecture)
{
    /// <summary>What all matrices are stored as, where that is one plain type; else they become fp32.</summary>
    public ScalarType Dtype => header.Tensors.Where(tensor => tensor.Shape.Length > 1).Select(tensor => tensor.Type.Scalar).Distinct().ToList() is [{ } only] ? only : ScalarType.Float32;

    /// <summary>The file's path.</summary>
    public string Path => file.Path;

    public int? Integer(string key) => header.Integer(Key(key));

    public double? Real(string key) => header.Real(Key(key));

    public bool? Flag(string key) => header.Flag(Key(key));

    public string? Text(string key) => header.Text(Key(key));

    public int Needed(string key) => Integer(key) ?? throw Error(key, "is missing");

    public ModelException Error(string key, string cause) => header.Error(Key(key), cause);

    public int? TokenId(string kind) => header.Integer($"tokenizer.ggml.{kind}_token_id");

    public bool HasTensor(string name) => Tensor(name) is not null;

    /// <summary>The numbers of a tensor in fp32; null where the file has none of the name.</summary>
    /// <exception cref="ModelException">It is another number of numbers, or of another type.</exception>
    public float[]? Numbers(string name, int count)
    {
        if (Tensor(name) is not { } tensor) return null;
        if (tensor.Type != GgufType.F32 || tensor.Elements != count) throw new ModelException($"{file.Path}: {name} is not {count} values in F32");
        using var stored = new StoredTensor(tensor.Name, StoredType.Of(ScalarType.Float32), tensor.Shape, file, tensor.Offset).Copy();
        return stored.ToArray<float>();
    }

    /// <summary>Refuses a rotary scaling where the architecture has none.</summary>
    public void RefuseScaling()
    {
        if (Text("rope.scaling.type") is { } kind and not ("none" or "longrope")) throw Error("rope.scaling.type", $"is '{kind}', which is not read in this architecture");
    }

    /// <summary>Reads the sizes and judges them.</summary>
    public GgufSizes Sizes(GgufArchitecture known)
    {
        if (Integer("expert_count") is > 0) throw Error("expert_count", "is set: mixtures of experts are not read");
        if (Needed("block_count") > header.Tensors.Count) throw Error("block_count", $"is {Needed("block_count")}, more than there are tensors");
        var embedding = Tensor("token_embd.weight") ?? throw new ModelException($"{file.Path}: has no tensor 'token_embd.weight'");
        int hidden = Needed("embedding_length"), heads = Needed("attention.head_count");
        if (heads == 0 || (hidden % heads != 0 && Integer("attention.key_length") is null)) throw Error("attention.head_count", $"is {heads}, which does not divide {hidden}");
        var headDim = Integer("attention.key_length") ?? hidden / heads;
        var rotated = Integer("rope.dimension_count") ?? headDim;
        if (rotated != headDim && !known.RotatesInPart) throw Error("rope.dimension_count", $"is {rotated}: heads of {headDim} that are rotated in part are not read in this architecture");
        return new GgufSizes(
            (int)embedding.Shape[0], hidden, Needed("feed_forward_length"), Needed("block_count"), heads, Integer("attention.head_count_kv") ?? heads, headDim, rotated, Needed("context_length"),
            Real(known.EpsilonKey) ?? throw Error(known.EpsilonKey, "is missing"), !HasTensor("output.weight"));
    }

    private GgufTensor? Tensor(string name) => header.Tensors.FirstOrDefault(tensor => tensor.Name == name);

    private string Key(string name) => $"{architecture}.{name}";
}
