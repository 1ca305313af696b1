using System.Globalization;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Client.Console;

/// <summary>What a sweep takes and what it teaches, as tables, before it runs.</summary>
internal static class PlanView
{
    /// <summary>Prints the data mixes as they were prepared, and the plan.</summary>
    public static void Print(TextWriter output, SweepSpec spec, Grid grid, RunPlan plan, SpecFacts facts)
    {
        var arms = DataArm.Of(spec, facts.Mixes);
        if (arms.Count > 0)
        {
            string[] head = ["data", "rows", "kept", "cut", "dropped", "duplicates", "examples", "tokens", "learnt", "cues"];
            TextTable.Print(output, [head, .. arms.Select(arm => (string[])
            [
                arm.Models.Count == spec.Models.Count ? arm.Data : $"{arm.Data} ({string.Join(", ", arm.Models)})", arm.Taken == arm.Rows ? Number(arm.Rows) : $"{Number(arm.Taken)} of {Number(arm.Rows)}", Number(arm.Kept), Number(arm.Cut), Number(arm.Dropped.Values.Sum()), Number(arm.Duplicates),
                Number(arm.Examples), Number(arm.Tokens), Number(arm.SupervisedTokens), arm.Cues.Count switch { 0 => "none", 1 => Said(arm.Cues.First()), var many => $"{Number(many)} sentences" },
            ])]);
            // Several would make the table as wide as all of them together.
            foreach (var arm in arms.Where(arm => arm.Cues.Count > 1))
            {
                output.WriteLine($"  cues of {arm.Data}:");
                foreach (var cue in arm.Cues) output.WriteLine($"    {Said(cue)}");
            }
        }
        var byName = plan.Trials.ToDictionary(trial => trial.Trial, StringComparer.Ordinal);
        var groups = grid.Trials.GroupBy(trial => trial.IsUntuned ? $"{trial.Model}+{trial.Peft}" : $"{trial.Model}+{trial.Peft}+{trial.Data}").Select(same => (same.Key, Trials: same.Select(trial => byName[trial.Name]).ToList()));
        TextTable.Print(output,
        [
            ["trials", "count", "trainings", "steps each", "tokens each", "training", "asking", "memory", "disk"],
            .. groups.Select(group =>
            {
                var trainings = group.Trials.Where(trial => trial.Training is not null).DistinctBy(trial => trial.Training).ToList();
                return Row(
                    group.Key, group.Trials.Count, trainings.Count, trainings.Count == 0 ? "" : Number(trainings[0].Steps), trainings.Count == 0 ? "" : Number(trainings[0].Tokens),
                    Sum(trainings.Select(trial => trial.TrainingSeconds)), Sum(group.Trials.Select(trial => trial.EvaluationSeconds)), group.Trials[0].MemoryBytes, group.Trials.Sum(trial => trial.DiskBytes));
            }),
            Row("in all", plan.Trials.Count, grid.Trainings.Count, $"{Number(plan.Steps)} in all", $"{Number(plan.Tokens)} in all", plan.TrainingSeconds, plan.EvaluationSeconds, plan.MemoryBytes, plan.DiskBytes),
        ]);
        if (facts.Machine is { } machine)
            output.WriteLine($"  estimated: about {Duration(plan.WallSeconds)} with {Slots(plan.Slots)} of this machine ({machine.Description}{(plan.Slots == 1 ? "" : " each")}); asking at most, with every answer as long as it may be, and the start of workers not counted; while a pack trains, up to {Bytes(plan.CheckpointBytes)} of checkpoints");
    }

    private static string Said(KeyValuePair<string, long> cue) => $"{Number(cue.Value)} × \"{cue.Key}\"";

    private static string Slots(int slots) => slots == 1 ? "one CPU slot" : string.Create(CultureInfo.InvariantCulture, $"{slots} CPU slots");

    private static string[] Row(string name, int trials, int trainings, string steps, string tokens, double? training, double? asking, long? memory, long disk)
        => [name, Number(trials), Number(trainings), steps, tokens, trainings == 0 ? "" : Duration(training), Duration(asking), memory is { } bytes ? Bytes(bytes) : "unknown", Bytes(disk)];

    private static double? Sum(IEnumerable<double?> values) => values.Aggregate((double?)0, (sum, value) => sum + value);

    /// <summary>A time as people say it.</summary>
    public static string Duration(double? seconds) => seconds switch
    {
        null => "unknown",
        < 1 => "under 1 s",
        < 90 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 5400 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0.0} days"),
    };

    private static string Bytes(long bytes) => bytes switch
    {
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
    };

    private static string Number(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
