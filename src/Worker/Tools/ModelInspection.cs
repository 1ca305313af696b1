using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Data.Templates;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>What a base model's folder says, as facts.</summary>
/// <param name="Facts">The facts.</param>
/// <param name="Tokenizer">The tokenizer, where the model can be trained with it.</param>
internal sealed record ModelInspection(ModelFacts Facts, ITokenizer? Tokenizer)
{
    /// <summary>The model's folder; empty where it was not found.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Looks at a base.</summary>
    public static ModelInspection Of(ModelSpec model, WorkerFolders folders)
    {
        var facts = new ModelFacts { Name = model.Name };
        string folder;
        try
        {
            folder = ModelPlaces.Resolve(model.Reference, folders);
        }
        catch (ModelException e)
        {
            return new ModelInspection(facts with { Exists = false, Error = e.Message }, null);
        }
        ITokenizer? tokenizer = null;
        try
        {
            tokenizer = TokenizerDirectory.Load(folder);
            facts = facts with { TokenizerVocabulary = tokenizer.VocabularySize, TokenizerHash = tokenizer.ContentHash };
        }
        catch (TokenizerException e)
        {
            facts = facts with { TokenizerError = e.Message };
        }
        try
        {
            var configFile = Path.Combine(folder, "config.json");
            if (!File.Exists(configFile)) throw new ModelException($"{folder}: no config.json; convert it with ./alpacacot model convert");
            var modelType = DecoderConfig.ModelTypeOf(configFile);
            if (!ModelDirectory.ModelTypes.Contains(modelType))
                return new ModelInspection(facts with { ModelType = modelType, Supported = false, SupportedTypes = [.. ModelDirectory.ModelTypes] }, null);
            using var decoder = ModelDirectory.Load(folder);
            facts = facts with
            {
                ModelType = decoder.ModelType, Parameters = decoder.ParameterCount, VocabularySize = decoder.Config.VocabularySize,
                MaxPositions = decoder.Config.MaxPositions, Layers = decoder.Config.Layers,
                Projections = [.. decoder.Projections.Select(site => new ProjectionFacts(site.Path, site.Weights.In, site.Weights.Out, site.Weights.Bias is not null))],
                Tensors = [.. decoder.Parameters.Where(p => !IsOf(decoder.Projections.Select(site => site.Path), p.Key)).Select(p => new TensorFacts(p.Key, p.Value.numel(), IsOf(decoder.Norms.Select(norm => norm.Path), p.Key)))],
                Tables = [decoder.EmbeddingPath, decoder.HeadPath],
                DefaultTargets = DefaultTargets(decoder.ModelType),
                ChatTemplateHash = ConversationForms.OwnHash(folder),
                ContentHash = ModelFingerprint.Compute(folder, Path.Combine(folders.Cache, "fingerprints")),
            };
            return new ModelInspection(facts, tokenizer is not null && tokenizer.VocabularySize <= decoder.Config.VocabularySize ? tokenizer : null) { Folder = folder };
        }
        catch (Exception e) when (e is ModelException or JsonException or DatasetException)
        {
            return new ModelInspection(facts with { Error = e.Message }, null);
        }
    }

    // Files leave out the prefix of a path that a family's own models have.
    private static bool IsOf(IEnumerable<string> modules, string tensor)
        => tensor.LastIndexOf('.') is > 0 and var at && tensor[..at] is var module && modules.Any(path => path == module || path.EndsWith("." + module, StringComparison.Ordinal));

    private static Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> DefaultTargets(string modelType)
    {
        var targets = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>(StringComparer.Ordinal);
        foreach (var method in MethodCatalogue.All)
            if (TargetDefaults.Of(method.Name, modelType) is { } known) targets[method.Name] = known;
        return targets;
    }
}
