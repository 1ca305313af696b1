using System.Globalization;
using System.Text;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>eval</c>: runs suites on a model, with or without an adapter.</summary>
internal static class EvalTool
{
    public static void Run(EvaluateModelRequest request, WorkerFolders folders, JobContext context)
    {
        var (adapterFolder, evaluations, cue, language) = (request.Adapter, request.Evaluation, request.Cue, request.PromptLanguage);
        if (request.Template is { } named && !TemplateNames.Known.Contains(named)) throw new ToolException($"--template {named} is not known; known: {string.Join(", ", TemplateNames.Known)}");
        if (language is not null && !TemplateNames.Languages.Contains(language)) throw new ToolException($"--prompt-language {language} is not known; known: {string.Join(", ", TemplateNames.Languages)}");
        var suites = evaluations.Select(evaluation => SuiteDeclarations.Create(evaluation, folders.Datasets)).ToList();
        EvaluationRunner.Check(suites);

        Threads.Count = request.Threads ?? Environment.ProcessorCount;
        if (adapterFolder is not null) ModelTools.RequireFit(request.Model, adapterFolder, folders);
        var loaded = context.State.Base(new BaseModel(request.Model, request.Precision ?? ""), folders);
        var decoding = Decodings.Of(request.Decoding, loaded.Tokenizer, request.Seed);
        if (decoding.Validate() is { Count: > 0 } mistakes) throw new ToolException(string.Join("; ", mistakes));
        var bank = new AdapterBank(loaded.Decoder);
        using var adapter = adapterFolder is null ? null : AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        var member = adapter is null ? -1 : bank.Add(adapter);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        var asked = request.Template is null ? null : ConversationForms.Get(request.Template, loaded.Tokenizer, loaded.Path);
        // A merged model brings the template of its adapter along.
        var template = (adapterFolder ?? loaded.Path) is var folder && (adapterFolder is not null || TemplateFile.Load(folder) is not null) ? TemplateFile.Resolve(folder, asked) : asked;
        if (template is not null) template = ConversationForms.In(template, language);
        else if (language is not null) throw new ToolException("--prompt-language needs a template: give --template");
        using var engine = new InferenceEngine(loaded.Decoder, loaded.Tokenizer, bank, new EngineOptions { Stepping = () => context.Beat(WorkPhases.Generate) });
        var began = context.Time.GetTimestamp();
        var results = EvaluationRunner.Run(suites, engine, member, template, cue, decoding, p => context.Progress(p.Suite, p.Done, p.Total), context.Stop);
        var elapsed = context.Time.GetElapsedTime(began);
        var run = new RunDescription
        {
            ModelName = Path.GetFileName(adapterFolder ?? loaded.Path), ModelArguments = $"pretrained={loaded.Path}{(adapterFolder is null ? "" : $",peft={adapterFolder}")}",
            Parameters = loaded.Decoder.Parameters.Values.Sum(p => p.numel()), Dtype = loaded.Decoder.Dtype.ToString(), Tokenizer = loaded.Tokenizer,
            MaxLength = engine.MaxLength, Template = template?.Name, Cue = cue,
        };
        context.Remark(results.SelectMany(r => r.Remarks.Select(remark => $"{r.Suite}: {remark}")));
        context.Remark(results.Zip(evaluations).Where(pair => pair.Second.Limit > pair.First.Original)
            .Select(pair => $"{pair.First.Suite}: the limit of {pair.Second.Limit} is above its {pair.First.Original} items"));
        var file = request.Out is null ? null : ResultFiles.Write(request.Out, run, results, elapsed, context.Time).Results;
        context.Answer(
            new
            {
                model = loaded.Path, adapter = adapterFolder, seconds = Math.Round(elapsed.TotalSeconds, 2), results_file = file,
                results = results.ToDictionary(r => r.Suite, r => r.Metrics.ToDictionary(m => m.Key, m => new { value = m.Value, stderr = m.StandardError, reason = m.Reason })),
                prompts_cut = results.ToDictionary(r => r.Suite, r => r.Prompts.TooLong),
            },
            Table(results, file));
    }

    private static string Table(IReadOnlyList<SuiteResult> results, string? file)
    {
        var text = new StringBuilder();
        foreach (var result in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"{result.Suite} ({result.Effective} of {result.Original} items, {result.FewShot}-shot)\n");
            foreach (var metric in result.Metrics)
                text.Append(CultureInfo.InvariantCulture, $"  {metric.Key,-24} {Figure(metric, "0.0000")}{(metric.StandardError is { } error ? $" ± {error:0.0000}" : "")}\n");
            foreach (var cell in result.Cells)
                text.Append(CultureInfo.InvariantCulture, $"    {cell.Name,-22} {string.Join("  ", cell.Metrics.Select(m => $"{m.Name} {Figure(m, "0.000")}"))}  (n {cell.Count})\n");
        }
        if (file is not null) text.Append(file).Append('\n');
        return text.ToString().TrimEnd();
    }

    private static string Figure(MetricResult metric, string format) => metric.Value?.ToString(format, CultureInfo.InvariantCulture) ?? "none";
}
