using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints.Gguf;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// A model on disk in any known form: its architecture and its tensors under Hugging Face's names. Hugging Face directories (safetensors, sharded
/// safetensors, torch files), Meta's <c>params.json</c> with <c>consolidated.00.pth</c>, llama2.c's <c>.bin</c>, and llama.cpp's <c>.gguf</c>.
/// </summary>
internal sealed class Checkpoint : IDisposable
{
    private readonly IReadOnlyList<IDisposable> _files;

    public Checkpoint(string path, DecoderConfig config, IEnumerable<StoredTensor> tensors, IReadOnlyList<IDisposable> files)
    {
        (Path, Config, _files) = (path, config, files);
        var byName = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
            if (!byName.TryAdd(tensor.Name, tensor))
                throw new ModelException($"{path}: tensor '{tensor.Name}' is in {System.IO.Path.GetFileName(byName[tensor.Name].Path)} and in {System.IO.Path.GetFileName(tensor.Path)}");
        // A configuration costs nothing to write: before blocks are made for it, there must be weights for that many.
        if (config.Layers > byName.Count) throw new ModelException($"{path}: the configuration asks for {config.Layers} blocks, the weights have {byName.Count} tensors");
        Tensors = byName;
        Storage = byName.Values.Select(tensor => tensor.Held?.Storage).FirstOrDefault(storage => storage is not null);
    }

    /// <summary>What was opened.</summary>
    public string Path { get; }

    /// <summary>The architecture.</summary>
    public DecoderConfig Config { get; }

    /// <summary>The type to load all tensors as, where the form mixes types; each as it is stored where null.</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>How quantised weights are held; null where none are.</summary>
    public WeightStorage? Storage { get; }

    /// <summary>The tensors by Hugging Face name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a directory, a llama2.c file or a GGUF file.</summary>
    /// <exception cref="ModelException">There is no model of a known form, or its files are damaged.</exception>
    public static Checkpoint Open(string path) => Form(path) switch
    {
        (Layout.HuggingFace, _) => HuggingFaceFiles.Open(path),
        (Layout.Meta, _) => MetaFiles.Open(path),
        (Layout.Gguf, var file) => GgufFile.Open(file),
        (_, var file) => Llama2cFile.Open(file),
    };

    /// <summary>The files that a model consists of: configurations (the generation's tells what ends a text), indices, weights.</summary>
    /// <exception cref="ModelException">There is no model of a known form.</exception>
    public static IReadOnlyList<string> Files(string path) => Form(path) switch
    {
        (Layout.HuggingFace, var config) => [config, .. HuggingFaceFiles.GenerationConfig(path), .. HuggingFaceFiles.Locate(path)],
        (Layout.Meta, var parameters) => [parameters, .. MetaFiles.Locate(path)],
        (_, var file) => [file],
    };

    /// <summary>The GGUF file that a place is or holds; null where it is of another form.</summary>
    /// <exception cref="ModelException">There is no model of a known form.</exception>
    public static string? GgufAt(string path) => Form(path) is (Layout.Gguf, var file) ? file : null;

    private static (Layout Layout, string File) Form(string path)
    {
        if (File.Exists(path))
            return IsGguf(path) ? (Layout.Gguf, path)
                : Recognises(path) ? (Layout.Llama2c, path)
                : throw new ModelException($"{path}: is neither a GGUF file nor a llama2.c model; give the model's folder for other forms");
        if (!Directory.Exists(path)) throw new ModelException($"{path}: no such folder");
        if (System.IO.Path.Combine(path, "config.json") is var config && File.Exists(config)) return (Layout.HuggingFace, config);
        if (System.IO.Path.Combine(path, "params.json") is var parameters && File.Exists(parameters)) return (Layout.Meta, parameters);
        var files = Directory.EnumerateFiles(path, "*.gguf").Where(IsGguf).Select(file => (Layout.Gguf, file))
            .Concat(Directory.EnumerateFiles(path, "*.bin").Where(Recognises).Select(file => (Layout.Llama2c, file))).ToList();
        return files switch
        {
            [var only] => only,
            [] => throw new ModelException($"{path}: holds no model: neither config.json, nor params.json, nor a .gguf or llama2.c .bin file"),
            var several => throw new ModelException($"{path}: holds {several.Count} models in files of their own; name one of them"),
        };
    }

    private static bool IsGguf(string path)
    {
        try
        {
            GitLfs.Refuse(path);
            return GgufFile.Recognises(path);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    // Only a file's content tells that it is llama2.c's, so a pointer in its place must be known as one here.
    private static bool Recognises(string path)
    {
        try
        {
            GitLfs.Refuse(path);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
        try
        {
            return Llama2cFile.Recognises(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    private enum Layout
    {
        HuggingFace,
        Meta,
        Llama2c,
        Gguf,
    }

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }
}
