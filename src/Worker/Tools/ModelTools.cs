using System.Globalization;
using AlpacaCot.Adapters;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>model convert</c> and <c>model show</c>, and what writing a model directory shares.</summary>
internal static class ModelTools
{
    private static readonly string[] _tokenizerFiles =
        ["tokenizer.json", "tokenizer.model", "ice_text.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja"];

    /// <summary>Converts a model between formats.</summary>
    public static void Convert(ToolOptions options, ToolJob job, JobContext context)
    {
        var (input, output) = (options.Text("in"), options.Text("out"));
        var tokenizer = options.TextOrNull("tokenizer");
        var dtype = WorkerState.PrecisionOf(options.TextOrNull("dtype"));
        options.Done();
        RequireNew(output);
        context.Remark(ModelConverter.Convert(input, output, new ConvertOptions(tokenizer, dtype)));
        var config = DecoderConfig.Load(Path.Combine(output, "config.json"));
        context.Answer(
            new { @out = output, model_type = config.ModelType, layers = config.Layers, hidden_size = config.HiddenSize, vocabulary_size = config.VocabularySize },
            $"{config.ModelType}, {config.Layers} blocks × {config.HiddenSize}, vocabulary {config.VocabularySize}\n{output}");
    }

    /// <summary>Shows a model directory.</summary>
    public static void Show(ToolOptions options, ToolJob job, JobContext context)
    {
        var path = ModelPlaces.Resolve(options.Text("model"), job.Folders);
        options.Done();
        using var decoder = ModelDirectory.Load(path);
        context.Remark(decoder.Remarks);
        var parameters = decoder.Parameters.Values.Sum(p => p.numel());
        var names = decoder.Projections.Select(site => site.Name).Distinct().ToList();
        var tokenizer = TokenizerDirectory.Load(path);
        var config = decoder.Config;
        context.Answer(
            new
            {
                path, model_type = config.ModelType, parameters, dtype = decoder.Dtype.ToString(), layers = config.Layers, hidden_size = config.HiddenSize, heads = config.Heads,
                key_value_heads = config.KeyValueHeads, intermediate_size = config.IntermediateSize, vocabulary_size = config.VocabularySize, max_positions = config.MaxPositions,
                tokenizer_ids = tokenizer.VocabularySize, projections = names,
            },
            string.Create(CultureInfo.InvariantCulture,
                $"{path}\n  family       {config.ModelType}, {decoder.Dtype}\n  parameters   {parameters:N0}\n  shape        {config.Layers} blocks × {config.HiddenSize}, {config.Heads} heads ({config.KeyValueHeads} key/value), MLP {config.IntermediateSize}\n")
            + string.Create(CultureInfo.InvariantCulture, $"  vocabulary   {config.VocabularySize} rows, tokenizer {tokenizer.VocabularySize} ids\n  positions    {config.MaxPositions}\n  projections  {string.Join(" ", names)}"));
    }

    /// <summary>What is odd about a model and an adapter that a tool has loaded.</summary>
    public static IEnumerable<string> Remarks(LoadedBase loaded, Adapter? adapter)
        => [.. loaded.Decoder.Remarks, .. adapter is null ? [] : AdapterRemarks.Of(adapter, loaded.Decoder, loaded.Path)];

    /// <summary>Refuses to write over something.</summary>
    public static void RequireNew(string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new ToolException($"{folder} is there already; choose another folder or remove it");
    }

    /// <summary>Copies the tokenizer's files of a model directory.</summary>
    public static void CopyTokenizer(string from, string to)
    {
        foreach (var file in _tokenizerFiles)
            if (File.Exists(Path.Combine(from, file))) File.Copy(Path.Combine(from, file), Path.Combine(to, file), overwrite: true);
    }
}
