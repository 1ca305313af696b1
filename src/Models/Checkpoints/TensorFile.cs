using System.Diagnostics.CodeAnalysis;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>An open file of tensors, memory-mapped: names, types and shapes at once, values when asked for.</summary>
public sealed class TensorFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _byName;

    internal TensorFile(MappedFile file, IReadOnlyList<StoredTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        _file = file;
        Tensors = tensors;
        Metadata = metadata;
        _byName = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    /// <summary>The file's path.</summary>
    public string Path => _file.Path;

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>The safetensors <c>__metadata__</c>; null where the file has none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; }

    /// <summary>A tensor by name.</summary>
    /// <exception cref="ModelException">The file has no such tensor.</exception>
    public StoredTensor this[string name] => _byName.GetValueOrDefault(name) ?? throw new ModelException($"{Path}: has no tensor '{name}'");

    /// <summary>Looks a tensor up.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out StoredTensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>Lets go of the file; tensors made from it stay valid and keep it mapped.</summary>
    public void Dispose() => _file.Dispose();
}
