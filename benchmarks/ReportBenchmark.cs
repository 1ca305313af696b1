using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Reporting;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Benchmarks;

/// <summary>The report of a large sweep whose results are made up, through the real record, statistics and pages.</summary>
internal static class ReportBenchmark
{
    private const string Evaluation = "goat-arithmetic", Metric = "exact_match";

    /// <summary>The command.</summary>
    public static Command Command()
    {
        Option<int> models = Options.Count("--models", "Models", 7), methods = Options.Count("--methods", "Methods", 7), data = Options.Count("--data", "Data mixes", 7), cues = Options.Count("--cues", "Ways of asking", 4),
            seeds = Options.Count("--seeds", "Seeds", 7), items = Options.Count("--items", "Items that each trial is asked", 200);
        var command = new Command("report", "The report of a sweep with made-up results (9,604 trials of 200 items unless told otherwise): seconds of the statistics and of each page") { models, methods, data, cues, seeds, items };
        command.SetAction(parsed =>
        {
            var state = Done(Sweep(parsed.GetValue(models), parsed.GetValue(methods), parsed.GetValue(data), parsed.GetValue(cues), parsed.GetValue(seeds)), parsed.GetValue(items), out var details);
            var clock = Stopwatch.StartNew();
            var report = ReportBuilder.Build(state, [], new Dictionary<string, string>(), state.Header.EndedAt ?? DateTimeOffset.UnixEpoch, details);
            var statistics = Lap();
            var json = ReportWriter.Json(report);
            var asJson = Lap();
            var html = ReportWriter.Html(report);
            var asHtml = Lap();
            var markdown = ReportWriter.Markdown(report);
            Options.Print(parsed, new
            {
                benchmark = "report", trials = report.Trials.Count, items = parsed.GetValue(items), statistics_s = statistics, json_s = asJson, html_s = asHtml, markdown_s = Lap(),
                json_mb = Megabytes(json), html_mb = Megabytes(html), markdown_mb = Megabytes(markdown), findings = report.Findings.Count, peak_rss_mb = Math.Round(TrainingBenchmark.PeakRssMb()),
            });

            double Lap()
            {
                var seconds = Math.Round(clock.Elapsed.TotalSeconds, 2);
                clock.Restart();
                return seconds;
            }
        });
        return command;
    }

    private static double Megabytes(string text) => Math.Round(text.Length / 1e6, 1);

    private static string Sweep(int models, int methods, int data, int cues, int seeds)
    {
        static string List(int count, Func<int, string> entry) => string.Join(", ", Enumerable.Range(0, count).Select(entry));
        return string.Create(CultureInfo.InvariantCulture, $$"""
            name: large
            seeds: [{{List(seeds, i => $"{i}")}}]
            models: [{{List(models, i => $"{{ name: m{i}, path: m{i} }}")}}]
            peft: [{{List(methods, i => $"{{ name: lora-{i + 1}, method: lora, r: {i + 1} }}")}}]
            data: [{{List(data, i => $"{{ name: d{i}, sources: [{{ goat: {{ count: {100 + i} }} }}] }}")}}]
            cot: [{{List(cues, i => $"{{ name: c{i}, cue: \"Cue {i}.\" }}")}}]
            evaluation: [{ suite: {{Evaluation}} }]
            """);
    }

    /// <summary>Runs the sweep to its end by its own rules. Each item has a difficulty that all trials share; models and data mixes differ, and what the mixes do depends on the model.</summary>
    private static SweepState Done(string sweep, int items, out IReadOnlyDictionary<(string Trial, string Evaluation), ResultDetail> details)
    {
        var (random, now, made) = (SeededRandom.For(0, "benchmark report"), DateTimeOffset.UnixEpoch, new Dictionary<(string, string), ResultDetail>());
        double[] difficulty = [.. Enumerable.Range(0, items).Select(_ => 0.4 * (random.NextDouble() - 0.5))];
        var state = SweepState.Create("large", SweepDocument.ParseValid(sweep), SpecIdentities.None, new PlanLimits(), new SchedulingOptions(), now);
        while (state.Header.Status == SweepStatus.Running)
        {
            now += TimeSpan.FromSeconds(1);
            foreach (var start in SweepMachine.Apply(state, new Drive([new SlotOffer("node/cpu0")]), now).Effects.OfType<StartAssignment>().ToList())
            {
                var assignment = start.Assignment;
                SweepMachine.Apply(state, new StartAccepted(assignment.Slot, assignment.Fence), now);
                if (assignment is TrainingAssignment pack)
                    foreach (var member in pack.Members)
                        SweepMachine.Apply(state, new MemberTrained(assignment.Fence, member.Training.Index, new TrainedAdapter($"{member.Training.Name}/adapter", "", 100, random.NextDouble(), 1, 1000)), now);
                if (assignment is EvaluationAssignment evaluation)
                    foreach (var asked in evaluation.Members.SelectMany(member => member.Trials))
                    {
                        var trial = asked.Trial;
                        var skill = 0.3 + 0.05 * Number(trial.Model) + (trial.Data is { } mix ? 0.02 * Number(mix) * (Number(trial.Model) % 2 == 0 ? 1 : -1) : 0) + 0.02 * (random.NextDouble() - 0.5);
                        double[] answers = [.. difficulty.Select(d => random.NextDouble() < skill + d ? 1.0 : 0)];
                        made[(trial.Name, Evaluation)] = new ResultDetail { Items = items, Scores = new Dictionary<string, ItemScores> { [Metric] = new(answers) } };
                        SweepMachine.Apply(state, new ResultReported(assignment.Fence, trial.Index, new EvaluationResult(Evaluation, new Dictionary<string, double> { [Metric] = answers.Average() }, items, 1, null)), now);
                    }
                SweepMachine.Apply(state, new AssignmentDone(assignment.Fence), now);
            }
        }
        details = made;
        return state;
    }

    private static int Number(string name) => name[^1] - '0';
}
