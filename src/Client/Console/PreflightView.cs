using System.Globalization;
using AlpacaCot.Client.Library;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Client.Console;

/// <summary>What a checked sweep file is told of: remarks, and the plan where it may run.</summary>
internal static class PreflightView
{
    /// <summary>Prints all remarks, and the plan where the sweep may run.</summary>
    public static void Print(SweepPreflight check, TextWriter output)
    {
        foreach (var remark in check.Remarks) output.WriteLine($"{(remark.Severity == SpecSeverity.Error ? "error" : "advice")}: {(check.File is null ? "" : $"{check.File}: ")}{remark}");
        var errors = check.Remarks.Count(remark => remark.Severity == SpecSeverity.Error);
        if (check.Grid is not { } grid)
        {
            output.WriteLine($"{errors} error{(errors == 1 ? "" : "s")}; nothing was run");
            return;
        }
        var spec = check.Spec;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{spec.Name}: {grid.Trials.Count(t => !t.IsUntuned)} trials ({Of(spec.Models.Count, "model")} × {Of(spec.Peft.Count, "method")} × {Of(spec.Data.Count, "data mix", "data mixes")} × {Of(spec.Cot.Count, "way", "ways")} of asking × {Of(spec.Seeds.Count, "seed")}){(grid.Trials.Count(t => t.IsUntuned) is var bases and > 0 ? $" and {bases} of untuned bases" : "")}, {Of(grid.Trainings.Count, "training")}"));
        foreach (var peft in spec.Peft)
        {
            var (rate, source) = MethodCatalogue.LearningRate(peft, spec.Training);
            var where = source switch { LearningRateSource.Adapter => "its own", LearningRateSource.Training => "training.learning_rate", _ => $"{peft.Method}'s default" };
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {peft.Name}: learning rate {rate} ({where})"));
        }
        PlanView.Print(output, spec, grid, check.RunPlan!, check.Facts);
    }

    private static string Of(int count, string one, string? many = null) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");

    /// <summary>Prints what there is to know before a sweep runs: the remarks that do not stop it, and the plan.</summary>
    public static void PrintAdvice(SweepPreflight check, TextWriter output)
    {
        foreach (var remark in check.Remarks.Where(remark => remark.Severity == SpecSeverity.Advice)) output.WriteLine($"advice: {remark}");
        if (check.Grid is { } grid) PlanView.Print(output, check.Spec, grid, check.RunPlan!, check.Facts);
    }
}
