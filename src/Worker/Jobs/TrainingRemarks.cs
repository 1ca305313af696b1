using AlpacaCot.Adapters;
using AlpacaCot.Adapters.AdaLora;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Training;

namespace AlpacaCot.Worker.Jobs;

/// <summary>What the user of a training should know before its first step: what became of the rows, and which settings do nothing.</summary>
internal static class TrainingRemarks
{
    /// <summary>The remarks, one line each.</summary>
    public static IEnumerable<string> Of(DataSpec data, PreparedData prepared, TrainingSpec settings, Adapter adapter, LoadedBase model)
        => [.. model.Decoder.Remarks, .. Rows(data, prepared, settings.CutoffLen, model.Decoder.Config.MaxPositions), .. Steps(prepared.Examples.Count, settings), .. Budget(adapter, new StepPlan(prepared.Examples.Count, settings).TotalSteps), .. AdapterRemarks.Of(adapter, model.Decoder, model.Path)];

    private static IEnumerable<string> Rows(DataSpec data, PreparedData prepared, int cutoff, int positions)
    {
        var report = prepared.Report;
        foreach (var remark in report.Remarks) yield return remark;
        foreach (var refusal in report.Refused)
            yield return $"{Counted(refusal.Count)} of {report.RowsRead} dropped: {Why(refusal.Cause, cutoff)} ({string.Join(", ", refusal.FirstRows)}{(refusal.Count > refusal.FirstRows.Count ? ", …" : "")})";
        if (report.Truncated > 0)
            yield return $"{Counted(report.Truncated)} of {report.RowsRead} cut to cutoff_len {cutoff}: the end of the answer is lost, the end token is kept (the longest row has {report.LongestWholeTokens} tokens)";
        if (report.Duplicates > 0)
            yield return $"{Counted(report.Duplicates)} of {report.RowsRead} kept though equal to an earlier one ({string.Join(", ", report.FirstDuplicates)}{(report.Duplicates > report.FirstDuplicates.Count ? ", …" : "")})";
        if (prepared.Examples.Count(row => row.Ids.Length > positions) is > 0 and var beyond)
            yield return $"{beyond} of {prepared.Examples.Count} examples are longer than the {positions} positions that the model was made for (the longest has {report.LongestTokens} tokens); a cutoff_len of {positions} cuts them";
        foreach (var (source, read) in data.Sources.Zip(report.Sources))
            if (source.Limit is { } limit && source.Goat is null && limit > read.RowsRead)
                yield return $"{source.Title}: the limit of {limit} is above its {read.RowsRead} rows";
    }

    private static IEnumerable<string> Steps(int rows, TrainingSpec settings)
    {
        var plan = new StepPlan(rows, settings);
        if (settings.LearningRate == 0 || settings.Schedule == TrainingSpec.Constant || plan.WarmupSteps < plan.TotalSteps) return [];
        var last = Schedules.LearningRate(settings, plan.TotalSteps - 1, plan.WarmupSteps, plan.TotalSteps);
        return last > 0
            ? [FormattableString.Invariant($"the warm-up of {plan.WarmupSteps} steps covers the whole run of {plan.TotalSteps}: the learning rate never reaches {settings.LearningRate:0.0e+0} (the last step has {last:0.0e+0})")]
            : [$"the warm-up covers the whole run of {(plan.TotalSteps == 1 ? "one step" : $"{plan.TotalSteps} steps")} and starts at a learning rate of 0: nothing is learnt; train more steps, or warm up less"];
    }

    private static IEnumerable<string> Budget(Adapter adapter, int steps)
        => adapter.Config is AdaLoraConfig { TotalStep: { } total } && AdaLoraOptions.StepsRemark(total, steps) is { } remark ? [remark] : [];

    private static string Counted(int rows) => rows == 1 ? "1 row" : $"{rows} rows";

    private static string Why(RefusalCause cause, int cutoff) => cause switch
    {
        RefusalCause.EmptyAnswer => "the answer is empty",
        RefusalCause.EmptyPrompt => "the prompt is empty",
        RefusalCause.Unmatched => "a matched mix cannot teach it",
        _ => $"the prompt alone fills cutoff_len {cutoff}",
    };
}
