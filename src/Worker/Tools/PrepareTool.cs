using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Data;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>
/// <c>prepare</c>: finds out, before anything runs, what a sweep's names stand for: models and their tokenizers, rows and what is dropped of them
/// under each tokenizer, suites and their items. What is wrong becomes a fact, not an error, so that all of it is shown at once.
/// </summary>
internal static class PrepareTool
{
    /// <summary>Runs the tool.</summary>
    public static void Run(ToolOptions options, ToolJob job, JobContext context)
    {
        Directory.SetCurrentDirectory(options.Text("base_directory"));
        var spec = options.Json("spec") ?? throw new ToolException("prepare needs a spec");
        options.TextOrNull("models_folder");
        options.Done();
        var catalogue = new DatasetCatalogue([Environment.CurrentDirectory, job.Folders.Datasets]);
        var template = spec.TryGetProperty("template", out var t) ? t.GetString()! : PromptTemplates.Default;
        var cutoff = spec.TryGetProperty("training", out var training) ? Jobs.TrainingJson.CutoffLen(training) : 512;

        var models = Items(spec, "models").Select(item => Model(item, job.Folders, context)).ToList();
        var data = Items(spec, "data").Select(item => Data(item, template, catalogue)).ToList();
        var mixes = new List<object>();
        foreach (var model in models.Where(m => m.Tokenizer is not null))
            foreach (var mix in data.Where(d => d.Spec is not null))
            {
                context.Stop.ThrowIfCancellationRequested();
                context.Progress("prepare", mixes.Count, models.Count * data.Count, note: $"{mix.Name} under {model.Name}'s tokenizer");
                mixes.Add(Mix(model.Name, model.Tokenizer!, mix.Name, mix.Spec!, catalogue, job.Folders, cutoff, context.Stop));
            }
        var asked = new PromptLengths(
            [.. models.Where(m => m.Tokenizer is not null).Select(m => (m.Name, m.Tokenizer!, m.Positions))],
            [.. data.Where(d => d.Spec is not null).Select(d => d.Spec!.Template).Distinct(StringComparer.Ordinal)],
            [.. Items(spec, "cot").Select(item => item.TryGetProperty("cue", out var cue) ? cue.GetString() : null)],
            spec.TryGetProperty("decoding", out var decoding) && decoding.TryGetProperty("max_new_tokens", out var most) ? most.GetInt32() : new Inference.DecodingSettings().MaxNewTokens);
        context.Answer(new
        {
            files = Files(models.Where(m => m.Tokenizer is not null).Select(m => m.Name), data.Where(d => d.Spec is not null).Select(d => (d.Name, d.Spec!)), spec, catalogue, job.Folders),
            models = models.Select(m => m.Facts), data = data.Select(d => d.Facts), mixes, suites = Items(spec, "evaluation").Select(item => Suite(item, job.Folders.Datasets, asked)).ToList(),
            knownSets = DatasetCatalogue.Known.Select(set => set.Name).Distinct(), knownTemplates = PromptTemplates.All.Select(p => p.Name), knownSuites = SuiteRegistry.Known,
        });
    }

    /// <summary>The files behind models and data that are sound; what is wrong with others is told of them.</summary>
    private static List<ReferencedFiles> Files(IEnumerable<string> models, IEnumerable<(string Name, DataSpec Spec)> data, JsonElement spec, DatasetCatalogue catalogue, WorkerFolders folders)
    {
        var places = Items(spec, "models").ToDictionary(item => item.GetProperty("name").GetString()!, item => item.GetProperty("path").GetString() ?? "", StringComparer.Ordinal);
        return
        [
            .. models.Select(name => FileStamps.Of(ReferencedFiles.Model, name, FileStamps.OfModel(ModelPlaces.Resolve(places[name], folders)), folders)),
            .. data.Select(mix => FileStamps.Of(
                ReferencedFiles.Data, mix.Name, mix.Spec.Sources.Where(source => source.Goat is null).SelectMany(source => catalogue.Files(source, mix.Spec.Language)), folders)),
        ];
    }

    private static IEnumerable<JsonElement> Items(JsonElement spec, string axis)
        => spec.TryGetProperty(axis, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];

    private static (string Name, ITokenizer? Tokenizer, int Positions, object Facts) Model(JsonElement item, WorkerFolders folders, JobContext context)
    {
        var name = item.GetProperty("name").GetString()!;
        var reference = item.TryGetProperty("path", out var path) && path.ValueKind == JsonValueKind.String ? path.GetString()! : null;
        if (reference is null) return (name, null, 0, new { name, exists = false });
        string folder;
        try
        {
            folder = ModelPlaces.Resolve(reference, folders);
        }
        catch (ModelException)
        {
            return (name, null, 0, new { name, exists = false });
        }
        context.Progress("prepare", 0, 0, note: folder);
        ITokenizer? tokenizer = null;
        string? tokenizerError = null;
        try
        {
            tokenizer = TokenizerDirectory.Load(folder);
        }
        catch (TokenizerException e)
        {
            tokenizerError = e.Message;
        }
        try
        {
            var configFile = Path.Combine(folder, "config.json");
            if (!File.Exists(configFile)) throw new ModelException($"{folder}: no config.json; convert it with ./alpacacot model convert");
            var modelType = DecoderConfig.ModelTypeOf(configFile);
            if (!ModelDirectory.ModelTypes.Contains(modelType))
                return (name, null, 0, new { name, exists = true, modelType, supported = false, supportedTypes = ModelDirectory.ModelTypes });
            using var decoder = ModelDirectory.Load(folder);
            if (tokenizer is not null && tokenizer.VocabularySize > decoder.Config.VocabularySize)
            {
                var facts = Facts(decoder, tokenizer.VocabularySize);
                return (name, null, 0, facts);
            }
            return (name, tokenizer, decoder.Config.MaxPositions, Facts(decoder, tokenizer?.VocabularySize ?? 0));
        }
        catch (Exception e) when (e is ModelException or JsonException)
        {
            return (name, null, 0, new { name, exists = true, error = e.Message });
        }

        object Facts(Decoder decoder, int ids) => new
        {
            name, exists = true, modelType = decoder.ModelType, supported = true, parameters = decoder.Parameters.Values.Sum(p => p.numel()), vocabularySize = decoder.Config.VocabularySize,
            maxPositions = decoder.Config.MaxPositions, projections = decoder.Projections.Select(site => site.Path), tokenizerVocabulary = ids, tokenizerError,
            contentHash = ModelFingerprint.Compute(folder, Path.Combine(folders.Cache, "fingerprints")),
        };
    }

    private static (string Name, DataSpec? Spec, object Facts) Data(JsonElement item, string template, DatasetCatalogue catalogue)
    {
        var name = item.GetProperty("name").GetString()!;
        DataSpec spec;
        try
        {
            var node = JsonNode.Parse(item.GetRawText())!.AsObject();
            node.Remove("when");
            node["template"] ??= template;
            spec = DataSpecJson.Read(JsonSerializer.SerializeToElement(node));
        }
        catch (DatasetException e)
        {
            return (name, null, new { name, errors = e.Message.Split("; ") });
        }
        var sources = spec.Sources.Select(source =>
        {
            if (source.Goat is not null) return (Fine: true, Facts: (object)new { exists = true, rows = 1 });
            try
            {
                var files = catalogue.Files(source, spec.Language);
                return (true, new { exists = true, rows = 1, contentHash = ContentHash.OfFiles(files) });
            }
            catch (DatasetException e)
            {
                return (false, new { exists = true, error = e.Message });
            }
        }).ToList();
        return (name, sources.All(s => s.Fine) ? spec : null, new { name, sources = sources.Select(s => s.Facts) });
    }

    private static object Mix(string model, ITokenizer tokenizer, string data, DataSpec spec, DatasetCatalogue catalogue, WorkerFolders folders, int cutoff, CancellationToken stop)
    {
        try
        {
            var template = PromptTemplates.Get(spec.Template);
            var prepared = new DataPreparation(catalogue, Path.Combine(folders.Cache, "tokens")).Prepare(spec, tokenizer, template, cutoff, 0, stop);
            var report = prepared.Report;
            return new
            {
                model, data, kept = report.RowsKept, dropped = report.Refused.ToDictionary(r => r.Cause.ToString(), r => r.Count), truncated = report.Truncated,
                longest = report.LongestTokens, tokens = report.Tokens, remarks = report.Remarks, templateHash = template.Hash,
            };
        }
        catch (DatasetException e)
        {
            return new { model, data, error = e.Message };
        }
    }

    private static object Suite(JsonElement item, string datasets, PromptLengths asked)
    {
        var name = item.GetProperty("name").GetString()!;
        var suite = item.GetProperty("suite").GetString()!;
        if (!SuiteRegistry.Known.Contains(suite)) return new { name, exists = false };
        try
        {
            var created = Jobs.SuiteDeclarations.Create(JsonNode.Parse(item.GetRawText())!, datasets);
            return new { name, exists = true, items = created.Items.Count, remarks = asked.Remarks(created), contentHash = ContentHash.OfText(string.Join("\n", created.Items.Select(i => i.Doc.ToJsonString())) + created.Version) };
        }
        catch (EvaluationException e)
        {
            return new { name, exists = true, error = e.Message };
        }
    }
}
