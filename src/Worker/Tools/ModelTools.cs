using System.Globalization;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers.ChatTemplates;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>model convert</c>, <c>model show</c> and <c>model verify</c>, and what writing a model directory shares.</summary>
internal static class ModelTools
{
    /// <summary>Converts a model between formats.</summary>
    public static void Convert(ConvertModelRequest request, JobContext context)
    {
        var output = request.Out;
        RequireNew(output, request.Force);
        context.Remark(ModelConverter.Convert(request.In, output, new ConvertOptions(request.Tokenizer, request.Dtype) { Replace = request.Force }));
        var config = ModelDirectory.ReadConfig(output);
        context.Answer(
            new { @out = output, model_type = config.ModelType, layers = config.Layers, hidden_size = config.HiddenSize, vocabulary_size = config.VocabularySize },
            $"{config.ModelType}, {config.Layers} blocks × {config.HiddenSize}, vocabulary {config.VocabularySize}\n{output}");
    }

    /// <summary>Shows a model: what it is, what it takes, and what belongs to it.</summary>
    public static void Show(ShowModelRequest request, WorkerFolders folders, JobContext context)
    {
        var path = ModelPlaces.Resolve(request.Model, folders);
        using var decoder = ModelDirectory.Load(path);
        context.Remark(decoder.Remarks);
        var parameters = decoder.ParameterCount;
        var weights = decoder.WeightBytes;
        var config = decoder.Config;
        var cache = 2L * config.Layers * config.KeyValueHeads * config.HeadDim * decoder.Dtype.Size();
        var names = decoder.Projections.Select(site => site.Name).Distinct().ToList();
        var (tokenizer, ids) = TokenizerOf(path, context);
        var template = TemplateOf(path);
        context.Answer(
            new
            {
                path, model_type = config.ModelType, parameters, dtype = decoder.Dtype.ToString(), storage = decoder.Storage.ToString(), weight_bytes = weights, cache_bytes_per_token = cache,
                layers = config.Layers, hidden_size = config.HiddenSize, heads = config.Heads, key_value_heads = config.KeyValueHeads, intermediate_size = config.IntermediateSize,
                vocabulary_size = config.VocabularySize, max_positions = config.MaxPositions, tokenizer_ids = ids, template, projections = names,
            },
            string.Create(CultureInfo.InvariantCulture, $"""
                {path}
                  family       {config.ModelType}, {decoder.Dtype}{(decoder.Storage == WeightStorage.Plain ? "" : $", blocks as {decoder.Storage}")}
                  parameters   {parameters:N0}
                  memory       {weights / 1048576.0:N1} MiB of weights, {cache / 1024.0:0.##} KiB of cache a token
                  shape        {config.Layers} blocks × {config.HiddenSize}, {config.Heads} heads ({config.KeyValueHeads} key/value), MLP {config.IntermediateSize}
                  vocabulary   {config.VocabularySize} rows, tokenizer {tokenizer}
                  template     {template ?? "none"}
                  positions    {config.MaxPositions}
                  projections  {string.Join(" ", names)}
                """));
    }

    /// <summary>Compares the logits of two models, as after a conversion.</summary>
    public static void Verify(VerifyModelsRequest request, WorkerFolders folders, JobContext context)
    {
        var (first, second) = (ModelPlaces.Resolve(request.First, folders), ModelPlaces.Resolve(request.Second, folders));
        var tolerance = request.Tolerance;
        using var one = ModelDirectory.Load(first, new LoadOptions(ScalarType.Float32));
        using var other = ModelDirectory.Load(second, new LoadOptions(ScalarType.Float32));
        context.Remark(one.Remarks.Concat(other.Remarks));
        var found = ModelComparison.Of(one, other);
        var text = FormattableString.Invariant(
            $"logits at {found.Tokens} positions differ by at most {found.Relative:0.0e+0} of the largest; the best token is the same at {found.SameBest:P1}; divergence {found.Divergence:0.0e+0} nats");
        if (tolerance is { } most && !(found.Relative <= most)) throw new ToolException(FormattableString.Invariant($"{first} and {second}: {text}; {most:0.0e+0} is allowed"));
        context.Answer(new { first, second, tokens = found.Tokens, max_logit_difference = found.MaxDifference, relative = found.Relative, same_best = found.SameBest, divergence = found.Divergence, tolerance }, text);
    }

    // A model can be looked at without the tokenizer that it cannot be used without.
    private static (string Text, int? Ids) TokenizerOf(string path, JobContext context)
    {
        try
        {
            var tokenizer = TokenizerDirectory.Load(path);
            return (string.Create(CultureInfo.InvariantCulture, $"{tokenizer.VocabularySize} ids"), tokenizer.VocabularySize);
        }
        catch (TokenizerException e)
        {
            context.Remark($"it cannot be trained or asked without a tokenizer: {e.Message}");
            return ("none", null);
        }
    }

    // The template that generate, eval and servers apply, or the one that the model's makers left.
    private static string? TemplateOf(string path)
        => File.Exists(Path.Combine(path, TemplateFile.Name)) ? TemplateFile.Name : ChatTemplateFile.PlaceIn(path);

    /// <summary>What is odd about a model and an adapter that a tool has loaded.</summary>
    public static IEnumerable<string> Remarks(LoadedBase loaded, Adapter? adapter)
        => [.. loaded.Decoder.Remarks, .. adapter is null ? [] : AdapterRemarks.Of(adapter, loaded.Decoder, loaded.Path)];

    /// <summary>Refuses an adapter of another base before a weight is read.</summary>
    public static void RequireFit(string model, string adapter, WorkerFolders folders) => AdapterFit.Require(ModelDirectory.ReadConfig(ModelPlaces.Resolve(model, folders)), adapter);

    /// <summary>Refuses to write over something, unless it is an earlier result of the same kind and the user means it.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="force">Whether an earlier result may be replaced.</param>
    /// <param name="marks">The file by which an earlier result is known: nothing else is ever deleted.</param>
    public static void RequireNew(string folder, bool force, string marks = "config.json")
    {
        if (!File.Exists(folder) && (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any())) return;
        if (!force) throw new ToolException($"{folder} is there already; choose another folder, or replace it with --force");
        if (File.Exists(folder) && folder.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) return;
        if (!File.Exists(Path.Combine(folder, marks))) throw new ToolException($"{folder} is there already and has no {marks}: --force replaces only what such a command has written; choose another folder");
    }

    /// <summary>Copies the tokenizer's files of a model directory; or one file, under the name that folders have it by, with the configuration beside it.</summary>
    public static void CopyTokenizer(string from, string to)
    {
        if (File.Exists(from))
        {
            var name = Path.GetExtension(from) == ".model" ? "tokenizer.model" : Path.GetFileName(from) == "vocab.json" ? "vocab.json" : "tokenizer.json";
            RegularFile.Copy(from, Path.Combine(to, name));
            foreach (var beside in new[] { "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", name == "vocab.json" ? "merges.txt" : "" })
                if (beside.Length > 0 && Path.Combine(Path.GetDirectoryName(Path.GetFullPath(from))!, beside) is var file && File.Exists(file)) RegularFile.Copy(file, Path.Combine(to, beside));
            return;
        }
        foreach (var file in ModelConverter.TokenizerFiles)
            if (File.Exists(Path.Combine(from, file))) RegularFile.Copy(Path.Combine(from, file), Path.Combine(to, file), overwrite: true);
    }
}
