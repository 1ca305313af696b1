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

namespace AlpacaCot.Worker.Tools;

/// <summary><c>eval</c>: runs suites on a model, with or without an adapter.</summary>
internal static class EvalTool
{
    public static void Run(ToolOptions options, ToolJob job, JobContext context)
    {
        var model = new BaseModel(options.Text("model"), options.TextOrNull("precision") ?? "");
        var adapterFolder = options.TextOrNull("adapter");
        var evaluations = options.Record<IReadOnlyList<EvaluationSpec>>("evaluation");
        var cue = options.TextOrNull("cue");
        var asked = options.TextOrNull("template") is { } named ? PromptTemplates.Get(named) : null;
        var language = options.TextOrNull("prompt_language");
        if (language is not null && !TemplateNames.Languages.Contains(language)) throw new ToolException($"--prompt-language {language} is not known; known: {string.Join(", ", TemplateNames.Languages)}");
        var spec = options.Record<DecodingSpec>("decoding");
        var seed = options.Long("seed", 0);
        var output = options.TextOrNull("out");
        var threads = options.CountOrNull("threads");
        options.Done();
        var suites = evaluations.Select(evaluation => SuiteDeclarations.Create(evaluation, job.Folders.Datasets)).ToList();
        EvaluationRunner.Check(suites);

        Threads.Count = threads ?? Environment.ProcessorCount;
        if (adapterFolder is not null) ModelTools.RequireFit(model.Path, adapterFolder, job.Folders);
        var loaded = context.State.Base(model, job.Folders);
        var decoding = Decodings.Of(spec, loaded.Tokenizer, seed);
        if (decoding.Validate() is { Count: > 0 } mistakes) throw new ToolException(string.Join("; ", mistakes));
        var bank = new AdapterBank(loaded.Decoder);
        using var adapter = adapterFolder is null ? null : AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        var member = adapter is null ? -1 : bank.Add(adapter);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        // A merged model brings the template of its adapter along.
        var template = (adapterFolder ?? loaded.Path) is var folder && (adapterFolder is not null || TemplateFile.Load(folder) is not null) ? TemplateFile.Resolve(folder, asked) : asked;
        if (template is not null) template = PromptTemplates.In(template, language);
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
        var file = output is null ? null : ResultFiles.Write(output, run, results, elapsed, context.Time).Results;
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
