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
        var into = request.Into is null ? null : WorkerState.LoadingOf(request.Into);
        var loaded = context.State.Base(new BaseModel(request.Model, ""), folders);
        var form = into?.Storage ?? WeightStorage.Plain;
        if (loaded.Decoder.Storage is not WeightStorage.Plain and var held && !SameInFiles(held, form))
        {
            // Merged and rounded to few bits again, an update would lose most of itself.
            loaded = context.State.Base(new BaseModel(request.Model, form == WeightStorage.Plain && request.Into is { } whole ? whole : "bf16"), folders);
            if (request.Into is null) context.Remark([$"the base is stored as {held}: the merged model is written in bf16, in which no part of the update is lost; write it as {held} again with --into"]);
        }
        else if (form == WeightStorage.Plain && into?.Dtype is { } wanted && loaded.Decoder.Dtype != wanted) loaded = context.State.Base(new BaseModel(request.Model, request.Into!), folders);
        var tied = loaded.Decoder.Config.TieWordEmbeddings;
        using var adapter = AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        var tolerance = request.Tolerance ?? Merger.ToleranceFor(loaded.Decoder);
        var template = TemplateFile.Load(adapterFolder) ?? TemplateFile.Load(loaded.Path);
        var rows = _heldOut.Select(text => Questions.Ask(loaded.Tokenizer, template, text).Ids).Where(ids => ids.Length > 0).ToList();
        var report = Merger.Merge(loaded.Decoder, adapter, rows, tolerance);
        if (tied && !loaded.Decoder.Config.TieWordEmbeddings) context.Remark(["the base's head is its embedding; the merged model has two tables, as the adapter changes one of them"]);
        MergeReport? rounded = null;
        AtomicFile.WriteDirectory(output, folder =>
        {
            ModelDirectory.Save(loaded.Decoder, folder, storage: loaded.Decoder.Storage is WeightStorage.Plain ? form : null);
            if (form != WeightStorage.Plain) rounded = Written(folder, loaded.Decoder, rows, request.Tolerance ?? Merger.RoundingTolerance(form));
            ModelTools.CopyTokenizer(loaded.Path, folder);
            if (template is not null) TemplateFile.Save(template, folder);
        });
        if (Math.Max(report.MaxDifference, rounded?.MaxDifference ?? 0) is var lost && form != WeightStorage.Plain && lost > report.Effect)
            context.Remark([FormattableString.Invariant($"rounding to {request.Into} moves the logits by {lost:0.0e+0}, the adapter itself by {report.Effect:0.0e+0}: most of what was learnt is lost in it; merge --into bf16, or keep the adapter beside the base")]);
        context.Answer(
            new { @out = output, modules = report.Modules, max_logit_difference = report.MaxDifference, relative = report.Relative, tolerance, into = request.Into, rounded = rounded?.Relative },
            FormattableString.Invariant($"merged {report.Modules} modules; logits on {rows.Count} held-out prompts differ by at most {report.Relative:0.0e+0} of the largest (tolerance {tolerance:0.0e+0})")
                + (rounded is null ? "" : FormattableString.Invariant($"; stored as {request.Into} they move by {rounded.Relative:0.0e+0}")) + $"\n{output}");
    }

    // A file has one form for both: which of the two multiplies is chosen where it is loaded.
    private static bool SameInFiles(WeightStorage a, WeightStorage b) => a == b || (a, b) is (WeightStorage.LlmInt8, WeightStorage.Int8 or WeightStorage.W8A8);

    // What was written is read again: its weights are the merged ones, rounded.
    private static MergeReport Written(string folder, Decoder merged, IReadOnlyList<int[]> rows, double tolerance)
    {
        using var written = ModelDirectory.Load(folder);
        return Merger.RequireRounded(written, merged, rows, tolerance);
    }
}
