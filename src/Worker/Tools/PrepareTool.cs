using AlpacaCot.Data;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Tokenizers;
using AlpacaCot.Training;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary>
/// <c>prepare</c>: finds out, before anything runs, what a sweep's names stand for: models and their tokenizers, rows and what is dropped of them
/// under each tokenizer, suites and their items. What is wrong becomes a fact, not an error, so that all of it is shown at once.
/// </summary>
internal static class PrepareTool
{
    /// <summary>Version of everything here that changes examples or trained numbers: part of every training's key.</summary>
    private const string Code = $"numerics {Numerics.Version}, data {DataPreparation.CodeVersion}, mask {ExampleBuilder.RuleVersion}, goat {GoatGenerator.Version}";

    public static void Run(PrepareRequest request, WorkerFolders folders, JobContext context)
    {
        Directory.SetCurrentDirectory(request.BaseDirectory);
        var spec = request.Spec;
        var catalogue = new DatasetCatalogue([Environment.CurrentDirectory, folders.Datasets]);
        var models = spec.Models.Select(model =>
        {
            context.Stop.ThrowIfCancellationRequested();
            context.Progress("prepare", 0, 0, note: model.Reference);
            var found = ModelInspection.Of(model, folders);
            return found with { Facts = found.Facts with { DecodingError = found.Tokenizer is { } tokenizer ? DecodingError(spec.Decoding, tokenizer) : null } };
        }).ToList();
        if (request.Mix is { } only)
        {
            context.Answer(new SpecFacts { Mixes = [.. Mixes(spec, models, [spec.Resolved(spec.Data.First(mix => mix.Name == only))], catalogue, folders, context)] });
            return;
        }
        var suites = spec.Evaluation.Select(evaluation => SuiteInspection.Of(evaluation, folders)).ToList();
        var sources = new SourceInspection(
            catalogue, [.. RationaleFormatter.Cues.Concat(spec.Cot.Select(cot => cot.Cue?.Trim()).OfType<string>()).Where(cue => cue.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase)],
            suites.Where(suite => suite.Questions is not null).ToDictionary(suite => suite.Evaluation.Name, suite => suite.Questions!, StringComparer.Ordinal));
        var data = spec.Data.Select(mix => (Spec: spec.Resolved(mix), Facts: Data(spec.Resolved(mix), sources, suites, folders))).ToList();
        var mixes = request.WithoutMixes ? [] : Mixes(spec, models, [.. data.Where(d => d.Facts.Errors.Count == 0 && d.Facts.Sources.All(s => s.Exists && s.Error is null)).Select(d => d.Spec)], catalogue, folders, context);
        var asked = new PromptLengths(
            [.. models.Where(m => m.Tokenizer is not null).Select(m => (m.Facts.Name, m.Tokenizer!, m.Folder, m.Facts.MaxPositions ?? int.MaxValue))],
            [.. data.Where(d => d.Facts.TemplateHash is not null).Select(d => d.Spec.Template!)
                .SelectMany(template => spec.Cot.Select(cot => cot.Language is { } language ? TemplateNames.In(template, language) ?? template : template)).Distinct(StringComparer.Ordinal)],
            [.. spec.Cot.Select(cot => cot.Cue)], spec.Decoding.MaxNewTokens);
        context.Answer(new SpecFacts
        {
            // What is wrong with others is told of them.
            Files =
            [
                .. spec.Models.Zip(models).Where(m => m.Second is { Tokenizer: not null, Facts.Error: null })
                    .Select(m => FileStamps.Of(ReferencedFiles.Model, m.First.Name, FileStamps.OfModel(ModelPlaces.Resolve(m.First.Reference, folders)), folders)),
                .. data.Where(d => d.Facts.Errors.Count == 0 && d.Facts.Sources.All(s => s.Exists && s.Error is null))
                    .Select(d => FileStamps.Of(
                        ReferencedFiles.Data, d.Spec.Name, d.Spec.Sources.Where(source => source.Goat is null).SelectMany(source => catalogue.Files(source, d.Spec.Language)), folders)),
            ],
            Models = [.. models.Select(m => m.Facts)],
            Data = [.. data.Select(d => d.Facts)],
            Mixes = mixes,
            Suites = [.. suites.Select(suite => suite.Facts(asked))],
            KnownSets = [.. DatasetCatalogue.Known.Select(set => set.Name).Distinct()],
            KnownTemplates = TemplateNames.Known,
            KnownSuites = SuiteRegistry.Known,
            Machine = Calibration.Of([.. spec.Models.Select(spec.LoadOf).Distinct(StringComparer.Ordinal)], request.Threads ?? Environment.ProcessorCount, folders, context),
            Code = Code,
        });
    }

    private static List<MixFacts> Mixes(SweepSpec spec, IReadOnlyList<ModelInspection> models, IReadOnlyList<DataSpec> data, DatasetCatalogue catalogue, WorkerFolders folders, JobContext context)
    {
        var mixes = new List<MixFacts>();
        var trained = GridCells.Trained(spec).Select(pair => (pair.Model.Name, pair.Data.Name)).ToHashSet();
        List<(ModelInspection Model, DataSpec Mix)> pairs = [.. from model in models where model.Tokenizer is not null from mix in data where trained.Contains((model.Facts.Name, mix.Name)) select (model, mix)];
        foreach (var (model, mix) in pairs)
        {
            context.Stop.ThrowIfCancellationRequested();
            context.Progress("prepare", mixes.Count, pairs.Count, note: $"{mix.Name} under {model.Facts.Name}'s tokenizer");
            if (Mix(model, mix, spec.MatchedWith(mix), spec.Training, catalogue, folders, context.Stop) is { } facts) mixes.Add(facts);
        }
        return mixes;
    }

    /// <summary>What a template's name stands for, whatever the model; null where it stands for nothing.</summary>
    private static string? HashOf(string template)
    {
        if (template == TemplateNames.Chat || !TemplateNames.Known.Contains(template)) return template == TemplateNames.Chat ? template : null;
        return template.StartsWith(TemplateNames.NamedChat, StringComparison.Ordinal)
            ? NamedChatTemplates.Get(template[TemplateNames.NamedChat.Length..]).Hash
            : PromptTemplates.Get(template).Hash;
    }

    private static string? DecodingError(DecodingSpec decoding, ITokenizer tokenizer)
    {
        try
        {
            Decodings.Of(decoding, tokenizer);
            return null;
        }
        catch (InferenceException e)
        {
            return e.Message;
        }
    }

    private static DataFacts Data(DataSpec spec, SourceInspection sources, IReadOnlyList<SuiteInspection> suites, WorkerFolders folders)
    {
        if (spec.Mistakes().ToList() is { Count: > 0 } mistakes) return new DataFacts { Name = spec.Name, Errors = mistakes };
        var findings = sources.Inspect(spec);
        return new DataFacts
        {
            Name = spec.Name,
            TemplateHash = HashOf(spec.Template!),
            Sources =
            [
                .. findings.Zip(spec.Sources).Select(pair => new SourceFacts
                {
                    // Why a source is not there says more than that it is not: where it was looked for, which variants there are.
                    Exists = true, Error = pair.First.Error, Rows = pair.First.Rows, ContentHash = pair.First.ContentHash, Cues = pair.First.Cues, Remarks = pair.First.Overlaps,
                    Leaks = [.. suites.Select(suite => suite.LeakInto(pair.Second, pair.First, folders)).OfType<LeakFacts>()],
                }),
            ],
        };
    }

    private static MixFacts? Mix(
        ModelInspection model, DataSpec spec, IReadOnlyList<DataSpec> matched, TrainingSpec training, DatasetCatalogue catalogue, WorkerFolders folders, CancellationToken stop)
    {
        if (!TemplateNames.Known.Contains(spec.Template)) return null;
        var (name, tokenizer) = (model.Facts.Name, model.Tokenizer!);
        try
        {
            var template = ConversationForms.Get(spec.Template!, tokenizer, model.Folder);
            var prepared = new DataPreparation(catalogue, Path.Combine(folders.Cache, "tokens"))
                .Prepare(spec, tokenizer, template, training.CutoffLen, 0, stop, training.TrainOnPrompt, matched, model.Folder);
            var report = prepared.Report;
            return new MixFacts
            {
                Model = name, Data = spec.Name, Kept = report.RowsKept, Dropped = report.Refused.ToDictionary(r => r.Cause.ToString(), r => (long)r.Count), Truncated = report.Truncated,
                Longest = report.LongestTokens, Tokens = report.Tokens, SupervisedTokens = report.SupervisedTokens, Rows = report.RowsRead, Duplicates = report.Duplicates,
                Cues = report.Cues.ToDictionary(cue => cue.Key, cue => (long)cue.Value), Examples = report.Examples, Remarks = report.Remarks,
            };
        }
        catch (DatasetException e)
        {
            return new MixFacts { Model = name, Data = spec.Name, Error = e.Message };
        }
    }
}
