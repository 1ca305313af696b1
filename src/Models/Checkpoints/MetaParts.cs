namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// The parts of a LLaMA that Meta cut for several devices: matrices that split their output hold rows each, those that split their input columns, norms are in
/// every part. The embedding is cut by its width in the first two generations and by the vocabulary in the third.
/// </summary>
internal static class MetaParts
{
    private static readonly string[] ByRows = ["attention.wq", "attention.wk", "attention.wv", "feed_forward.w1", "feed_forward.w3", "output"];
    private static readonly string[] ByColumns = ["attention.wo", "feed_forward.w2"];

    /// <summary>The tensors of the whole model under the names of the parts.</summary>
    /// <param name="files">The parts in order.</param>
    /// <param name="width">The model's width.</param>
    /// <param name="heads">Its heads.</param>
    /// <exception cref="ModelException">The parts do not fit together, or are not all there.</exception>
    public static IEnumerable<StoredTensor> Join(IReadOnlyList<TensorFile> files, int width, int heads)
    {
        if (heads % files.Count != 0) throw new ModelException($"{files[0].Path}: {files.Count} parts lie there, which do not share {heads} heads evenly; is one missing?");
        foreach (var tensor in files[0].Tensors)
        {
            StoredTensor[] parts = [.. files.Select(file => file[tensor.Name])];
            yield return Axis(tensor, width) is { } axis && files.Count > 1 ? Joined(parts, axis) : tensor;
        }
        if (files.SelectMany(file => file.Tensors).FirstOrDefault(tensor => !files[0].TryGet(tensor.Name, out _)) is { } stray)
            throw new ModelException($"{stray.Path}: has the tensor '{stray.Name}', which {Path.GetFileName(files[0].Path)} has not");
        // A part that is missing at the end leaves a model that is whole but for its width.
        if (files[0].TryGet("layers.0.attention.wq.weight", out var queries) && queries.Shape is [var rows, _] && rows * files.Count != width)
            throw new ModelException($"{files[0].Path}: {files.Count} {(files.Count == 1 ? "part lies" : "parts lie")} there, which hold {rows * files.Count} of {width} rows of queries; is one missing?");
    }

    private static int? Axis(StoredTensor tensor, int width)
    {
        if (tensor.Shape.Count != 2) return null;
        var module = tensor.Name.EndsWith(".weight", StringComparison.Ordinal) ? tensor.Name[..^".weight".Length] : tensor.Name;
        bool Is(string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);
        if (module == "tok_embeddings") return tensor.Shape[1] == width ? 0 : 1;
        return Array.Exists(ByRows, Is) ? 0 : Array.Exists(ByColumns, Is) ? 1 : null;
    }

    private static StoredTensor Joined(StoredTensor[] parts, int axis)
    {
        foreach (var part in parts)
            if (part.Type != parts[0].Type || part.Shape.Count != 2 || part.Shape[1 - axis] != parts[0].Shape[1 - axis])
                throw new ModelException($"{part.Path}: {part.Name} is {part.Type} [{string.Join(", ", part.Shape)}], in {Path.GetFileName(parts[0].Path)} {parts[0].Type} [{string.Join(", ", parts[0].Shape)}]: they are no parts of one tensor");
        long[] shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(part => part.Shape[axis]);
        return StoredTensor.Computed(parts[0].Name, shape, parts, values => torch.cat([.. values], axis));
    }
}
