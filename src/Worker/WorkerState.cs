using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker;

/// <summary>A base that is loaded, with its tokenizer.</summary>
internal sealed record LoadedBase(string Path, LoadOptions Loading, string? Content, Decoder Decoder, ITokenizer Tokenizer)
{
    /// <summary>How it is held, as sweep files name it; null is as stored.</summary>
    public string? Precision { get; init; }
}

/// <summary>What stays loaded between the jobs of a worker: the last base, on the worker's device.</summary>
/// <param name="device">The device by libtorch's name: <c>cpu</c>, or <c>cuda:0</c> for the one GPU that the worker sees.</param>
internal sealed class WorkerState(string device = "cpu")
{
    private LoadedBase? _base;

    /// <summary>The base of a job: the loaded one where it is the same, else loaded in its place. What was replaced on disk since the sweep was checked is refused.</summary>
    /// <exception cref="ModelException">The model or its tokenizer cannot be loaded, or they do not belong together.</exception>
    /// <exception cref="InvalidOperationException">There is no such device.</exception>
    public LoadedBase Base(BaseModel model, WorkerFolders folders, IReadOnlyList<FileStamp>? stamps = null)
    {
        FileStamps.RequireUnchanged(stamps ?? [], "the base model");
        var content = FileStamps.ContentOf(stamps ?? []);
        var path = ModelPlaces.Resolve(model.Path, folders);
        var loading = LoadingOf(model.Precision);
        if (_base is { } loaded && loaded.Path == path && loaded.Loading == loading && loaded.Content == content) return loaded;
        Forget();
        var decoder = ModelDirectory.Load(path, loading with { Device = Device() });
        try
        {
            var tokenizer = TokenizerDirectory.Load(path);
            if (tokenizer.VocabularySize > decoder.Config.VocabularySize)
                throw new ModelException($"{path}: the tokenizer has {tokenizer.VocabularySize} ids, the embedding {decoder.Config.VocabularySize} rows; put the tokenizer beside the weights that were trained with it");
            return _base = new LoadedBase(path, loading, content, decoder, tokenizer) { Precision = model.Precision.Length > 0 ? model.Precision : null };
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }

    /// <summary>Gives the base up: its weights are not those of its files any more.</summary>
    public void Forget()
    {
        _base?.Decoder.Dispose();
        _base = null;
    }

    private Device Device()
    {
        if (device.StartsWith("cuda", StringComparison.Ordinal) && !torch.cuda.is_available())
            throw new InvalidOperationException($"the device {device} cannot be used: libtorch finds no NVIDIA GPU here; build with -p:Torch=cuda on a machine that has one");
        return torch.device(device);
    }

    /// <summary>How a base is held, by name; empty is as stored. What is held in fewer bits is computed with in bf16.</summary>
    public static LoadOptions LoadingOf(string? name) => name switch
    {
        null or "" => new LoadOptions(),
        "fp32" => new LoadOptions(ScalarType.Float32),
        "bf16" => new LoadOptions(ScalarType.BFloat16),
        "int8" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.Int8),
        "llm-int8" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.LlmInt8),
        "w8a8" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.W8A8),
        "nf4" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.Nf4),
        "nf4-single" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.Nf4Single),
        "fp4" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.Fp4),
        "fp4-single" => new LoadOptions(ScalarType.BFloat16, Storage: WeightStorage.Fp4Single),
        _ => throw new ToolException($"precision '{name}' is unknown; known are {string.Join(", ", TrainingSpec.Precisions)}"),
    };
}

/// <summary>Where the model of a job lies.</summary>
internal static class ModelPlaces
{
    /// <summary>A model directory or file: a path from the working folder, or a name under the home's models.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static string Resolve(string reference, WorkerFolders folders)
    {
        var places = new Places(Environment.CurrentDirectory, folders.Models);
        return places.Find(reference) ?? throw new ModelException($"{reference}: no such model ({places.Looked(reference, Suggestions.Nearest)})");
    }
}
