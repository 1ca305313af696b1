using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Checkpoints.Gguf;
using AlpacaCot.Models.Conversion;

namespace AlpacaCot.Models;

/// <summary>What a conversion adds.</summary>
/// <param name="Tokenizer">A tokenizer to put beside the model: llama2.c's <c>.bin</c> (becomes <c>tokenizer.model</c>), or a file that is copied.</param>
/// <param name="Dtype">Type to store the weights in, by name (<see cref="ModelConverter.DirectoryTypes"/>, <see cref="ModelConverter.GgufTypes"/>); as they are where null.</param>
public sealed record ConvertOptions(string? Tokenizer = null, string? Dtype = null)
{
    /// <summary>Whether what is there already is replaced.</summary>
    public bool Replace { get; init; }
}

/// <summary>
/// Converts any model that can be loaded (a Hugging Face directory, Meta's layout, llama2.c's <c>.bin</c>, a <c>.gguf</c> file) to a Hugging Face directory
/// with <c>config.json</c>, <c>generation_config.json</c>, safetensors and tokenizer files, or to a <c>.gguf</c> file.
/// </summary>
public static class ModelConverter
{
    /// <summary>The files of a tokenizer beside a model, its chat template among them.</summary>
    public static IReadOnlyList<string> TokenizerFiles { get; } =
    [
        "tokenizer.json", "tokenizer.model", "ice_text.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.jinja",
    ];

    private static readonly string[] TextFiles = [.. TokenizerFiles, "template.json"];

    private static readonly (string Name, ScalarType Type)[] Types = [("fp32", ScalarType.Float32), ("bf16", ScalarType.BFloat16)];

    /// <summary>The types that a directory's weights can be stored in.</summary>
    public static IReadOnlyList<string> DirectoryTypes { get; } = [.. Types.Select(entry => entry.Name)];

    /// <summary>The types that a GGUF file's weights can be stored in.</summary>
    public static IReadOnlyList<string> GgufTypes => GgufType.Options;

    /// <summary>Converts.</summary>
    /// <param name="input">A model directory, or a llama2.c or GGUF file.</param>
    /// <param name="output">The directory to make, or a file that ends in <c>.gguf</c>; it appears whole or not at all.</param>
    /// <param name="options">Tokenizer and type.</param>
    /// <returns>What was odd about the input (<see cref="Decoder.Remarks"/>).</returns>
    /// <exception cref="ModelException">The input cannot be loaded, the tokenizer does not fit it, or the output exists or cannot be written.</exception>
    public static IReadOnlyList<string> Convert(string input, string output, ConvertOptions? options = null)
    {
        options ??= new ConvertOptions();
        var toGguf = output.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
        if ((File.Exists(output) && !(options.Replace && toGguf)) || (!options.Replace && Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()))
            throw new ModelException($"{output}: exists and is not empty; choose another folder");
        if (toGguf) return ToGguf(input, output, options);
        var dtype = options.Dtype is { } name ? TypeOf(name) : (ScalarType?)null;
        var gguf = Checkpoint.GgufAt(input);
        var remarks = new List<string>();
        using var decoder = ModelDirectory.Load(input, new LoadOptions(Storage: WeightStorage.Plain));
        var temporary = output;
        try
        {
            AtomicFile.WriteDirectory(output, folder =>
            {
                temporary = folder;
                if (Directory.Exists(input))
                    foreach (var name in TextFiles.Where(name => File.Exists(Path.Combine(input, name)))) RegularFile.Copy(Path.Combine(input, name), Path.Combine(folder, name));
                if (options.Tokenizer is { } tokenizer) AddTokenizer(tokenizer, folder, decoder.Config);
                else if (gguf is not null && WriteTokenizer(gguf, folder) is { } cause) remarks.Add($"{gguf}: no tokenizer was written: {cause}");
                ModelDirectory.Save(decoder, folder, dtype);
                if (Path.Combine(input, "generation_config.json") is var generation && File.Exists(generation))
                    RegularFile.Copy(generation, Path.Combine(folder, "generation_config.json"), overwrite: true);
            });
            return [.. decoder.Remarks, .. remarks];
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            // The reader knows the place it asked for, not the one beside it where the files grew.
            var message = e.Message.Replace(temporary, output, StringComparison.Ordinal);
            throw new ModelException(e is ModelException ? message : $"{output}: cannot be written: {message}", e);
        }
    }

    private static List<string> ToGguf(string input, string output, ConvertOptions options)
    {
        if (options.Tokenizer is not null) throw new ModelException($"{output}: the tokenizer of a GGUF file is taken from the model's folder; put it there");
        using var decoder = ModelDirectory.Load(input, new LoadOptions(Storage: WeightStorage.Plain));
        var wanted = options.Dtype ?? decoder.Dtype switch { ScalarType.BFloat16 => "bf16", ScalarType.Float16 => "fp16", _ => "fp32" };
        var (type, fileType) = GgufType.ToWrite(wanted) ?? throw new ModelException($"{output}: '{wanted}' is no type of a GGUF file's weights; known are {string.Join(", ", GgufTypes)}");
        var keys = new List<KeyValuePair<string, object>>(Directory.Exists(input) ? GgufTokenizer.Read(input) : []);
        var remarks = decoder.Remarks.ToList();
        if (keys.Count == 0) remarks.Add($"{output}: holds no tokenizer: the model has none that the format knows (byte-level BPE cut as GPT-2, GPT-NeoX, BLOOM, Llama 3 or Qwen2 do, SentencePiece)");
        var ids = new[] { ("bos", decoder.Config.BosTokenId), ("eos", decoder.Config.EosTokenIds.Count > 0 ? decoder.Config.EosTokenIds[0] : null), ("padding", decoder.Config.PadTokenId) };
        foreach (var (name, id) in ids)
            if (id is >= 0) keys.Add(new($"tokenizer.ggml.{name}_token_id", (uint)id));
        try
        {
            GgufWriter.Write(decoder, output, type, fileType, keys);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{output}: cannot be written: {e.Message}", e);
        }
        return remarks;
    }

    private static ScalarType TypeOf(string name) => Array.Find(Types, entry => entry.Name == name) is { Name: not null } found
        ? found.Type
        : throw new ModelException($"'{name}' is no type of a model directory's weights; known are {string.Join(", ", DirectoryTypes)}");

    private static string? WriteTokenizer(string gguf, string folder)
    {
        using var file = new MappedFile(gguf);
        return GgufTokenizer.Write(GgufHeader.Read(file), folder);
    }

    private static void AddTokenizer(string tokenizer, string folder, DecoderConfig config)
    {
        if (!File.Exists(tokenizer)) throw new ModelException($"{tokenizer}: no such file");
        if (!tokenizer.EndsWith(".bin", StringComparison.Ordinal))
        {
            var extension = Path.GetExtension(tokenizer);
            if (extension is not (".json" or ".model")) throw new ModelException($"{tokenizer}: a tokenizer is a .json, a .model or a llama2.c .bin file");
            RegularFile.Copy(tokenizer, Path.Combine(folder, "tokenizer" + extension), overwrite: true);
            return;
        }
        var pieces = Llama2cTokenizer.Read(tokenizer);
        if (pieces.Count != config.VocabularySize) throw new ModelException($"{tokenizer}: has {pieces.Count} pieces, the model a vocabulary of {config.VocabularySize}");
        AtomicFile.Write(Path.Combine(folder, "tokenizer.model"), stream => stream.Write(SentencePieceModel.Write(pieces, SentencePieceIds.Llama)));
        var settings = new JsonObject
        {
            ["tokenizer_class"] = "LlamaTokenizer",
            ["add_bos_token"] = true,
            ["add_eos_token"] = false,
            ["unk_token"] = pieces[0].Text,
            ["bos_token"] = pieces[1].Text,
            ["eos_token"] = pieces[2].Text,
            ["clean_up_tokenization_spaces"] = false,
            ["model_max_length"] = config.MaxPositions,
        };
        AtomicFile.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings.ToJsonString(JsonText.Indented) + "\n");
    }
}
