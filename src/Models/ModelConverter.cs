using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Models.Conversion;

namespace AlpacaCot.Models;

/// <summary>What a conversion adds.</summary>
/// <param name="Tokenizer">A tokenizer to put beside the model: llama2.c's <c>.bin</c> (becomes <c>tokenizer.model</c>), or a file that is copied.</param>
/// <param name="Dtype">Type to store the weights in; as they are where null.</param>
public sealed record ConvertOptions(string? Tokenizer = null, ScalarType? Dtype = null)
{
    /// <summary>Whether a folder that is there already is replaced.</summary>
    public bool Replace { get; init; }
}

/// <summary>
/// Converts any model that can be loaded (a Hugging Face directory, Meta's layout, llama2.c's <c>.bin</c>) to a Hugging Face directory with
/// <c>config.json</c>, <c>generation_config.json</c>, safetensors and tokenizer files.
/// </summary>
public static class ModelConverter
{
    private static readonly string[] TextFiles =
    [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.jinja", "template.json",
    ];

    /// <summary>Converts.</summary>
    /// <param name="input">A model directory, or a llama2.c file.</param>
    /// <param name="output">The directory to make; it appears whole or not at all.</param>
    /// <param name="options">Tokenizer and type.</param>
    /// <returns>What was odd about the input (<see cref="Decoder.Remarks"/>).</returns>
    /// <exception cref="ModelException">The input cannot be loaded, the tokenizer does not fit it, or the output exists or cannot be written.</exception>
    public static IReadOnlyList<string> Convert(string input, string output, ConvertOptions? options = null)
    {
        options ??= new ConvertOptions();
        if (File.Exists(output) || (!options.Replace && Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()))
            throw new ModelException($"{output}: exists and is not empty; choose another folder");
        using var decoder = ModelDirectory.Load(input);
        var temporary = output;
        try
        {
            AtomicFile.WriteDirectory(output, folder =>
            {
                temporary = folder;
                if (Directory.Exists(input))
                    foreach (var name in TextFiles.Where(name => File.Exists(Path.Combine(input, name)))) File.Copy(Path.Combine(input, name), Path.Combine(folder, name));
                if (options.Tokenizer is { } tokenizer) AddTokenizer(tokenizer, folder, decoder.Config);
                ModelDirectory.Save(decoder, folder, options.Dtype);
                if (Path.Combine(input, "generation_config.json") is var generation && File.Exists(generation))
                    File.Copy(generation, Path.Combine(folder, "generation_config.json"), overwrite: true);
            });
            return decoder.Remarks;
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            // The reader knows the place it asked for, not the one beside it where the files grew.
            var message = e.Message.Replace(temporary, output, StringComparison.Ordinal);
            throw new ModelException(e is ModelException ? message : $"{output}: cannot be written: {message}", e);
        }
    }

    private static void AddTokenizer(string tokenizer, string folder, DecoderConfig config)
    {
        if (!File.Exists(tokenizer)) throw new ModelException($"{tokenizer}: no such file");
        if (!tokenizer.EndsWith(".bin", StringComparison.Ordinal))
        {
            var extension = Path.GetExtension(tokenizer);
            if (extension is not (".json" or ".model")) throw new ModelException($"{tokenizer}: a tokenizer is a .json, a .model or a llama2.c .bin file");
            File.Copy(tokenizer, Path.Combine(folder, "tokenizer" + extension), overwrite: true);
            return;
        }
        var pieces = Llama2cTokenizer.Read(tokenizer);
        if (pieces.Count != config.VocabularySize) throw new ModelException($"{tokenizer}: has {pieces.Count} pieces, the model a vocabulary of {config.VocabularySize}");
        AtomicFile.Write(Path.Combine(folder, "tokenizer.model"), stream => stream.Write(SentencePieceModel.Write(pieces)));
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
