using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>merge</c>: an adapter into its base, verified on held-out prompts.</summary>
internal static class MergeTool
{
    private static readonly string[] _heldOut =
    [
        "List three primary colours.", "What is 3458 + 917?", "Write a short sentence about the sea.", "Name the capital of France and say one thing about it.",
    ];

    public static void Run(MergeRequest request, WorkerFolders folders, JobContext context)
    {
        var (adapterFolder, output) = (request.Adapter, request.Out);
        ModelTools.RequireNew(output, request.Force);
        ModelTools.RequireFit(request.Model, adapterFolder, folders);
        var loaded = context.State.Base(new BaseModel(request.Model, ""), folders);
        if (loaded.Decoder.Storage is not WeightStorage.Plain and var held)
        {
            // Merged and rounded to few bits again, an update would lose most of itself.
            loaded = context.State.Base(new BaseModel(request.Model, "bf16"), folders);
            context.Remark([$"the base is stored as {held}: the merged model is written in bf16, in which no part of the update is lost; load it as {held} again with --precision"]);
        }
        var tied = loaded.Decoder.Config.TieWordEmbeddings;
        using var adapter = AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        var tolerance = request.Tolerance ?? Merger.ToleranceFor(loaded.Decoder);
        var template = TemplateFile.Load(adapterFolder) ?? TemplateFile.Load(loaded.Path);
        var rows = _heldOut.Select(text => Questions.Ask(loaded.Tokenizer, template, text).Ids).Where(ids => ids.Length > 0).ToList();
        var report = Merger.Merge(loaded.Decoder, adapter, rows, tolerance);
        if (tied && !loaded.Decoder.Config.TieWordEmbeddings) context.Remark(["the base's head is its embedding; the merged model has two tables, as the adapter changes one of them"]);
        AtomicFile.WriteDirectory(output, folder =>
        {
            ModelDirectory.Save(loaded.Decoder, folder);
            ModelTools.CopyTokenizer(loaded.Path, folder);
            if (template is not null) TemplateFile.Save(template, folder);
        });
        context.Answer(
            new { @out = output, modules = report.Modules, max_logit_difference = report.MaxDifference, relative = report.Relative, tolerance },
            FormattableString.Invariant($"merged {report.Modules} modules; logits on {rows.Count} held-out prompts differ by at most {report.Relative:0.0e+0} of the largest (tolerance {tolerance:0.0e+0})\n{output}"));
    }
}
