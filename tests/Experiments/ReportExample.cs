using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Experiments;

/// <summary>A sweep that was run to its end with made-up but plausible numbers, through the real rules.</summary>
internal static class ReportExample
{
    public const string Yaml = """
        name: rationales
        description: What training on worked steps does to multi-digit addition, and whether a cue at asking time helps.
        seeds: [0, 1, 2]
        models: [{ name: llama-0.6m, path: m/a }, { name: llama-2m, path: m/b }]
        peft: [{ name: lora-r8, method: lora, r: 8 }, { name: ia3, method: ia3 }]
        data: [{ name: direct, sources: [{ goat: { style: direct } }] }, { name: steps, sources: [{ goat: { style: steps } }] }]
        cot: [none, "Let's think step by step."]
        evaluation: [{ suite: goat-arithmetic, limit: 200 }, { suite: perplexity, limit: 50 }]
        """;

    public static SweepReport Build(string yaml = Yaml, int failTrial = -1)
    {
        var now = new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);
        var state = SweepState.Create("rationales", SweepDocument.ParseValid(yaml), SpecIdentities.None, new PlanLimits { Slots = 2 }, new SchedulingOptions(), now);
        var curves = new List<LossCurve>();
        while (state.Header.Status == SweepStatus.Running)
        {
            now += TimeSpan.FromSeconds(1);
            foreach (var start in SweepMachine.Apply(state, new Drive([new SlotOffer("node-a/cpu0"), new SlotOffer("node-a/cpu1")]), now).Effects.OfType<StartAssignment>().ToList())
            {
                var assignment = start.Assignment;
                SweepMachine.Apply(state, new StartAccepted(assignment.Slot, assignment.Fence), now);
                if (assignment is TrainingAssignment pack)
                    foreach (var member in pack.Members)
                    {
                        var curve = Curve(member.Training);
                        curves.Add(curve);
                        now += TimeSpan.FromSeconds(9);
                        SweepMachine.Apply(state, new LeaseRenewed(assignment.Fence), now);
                        SweepMachine.Apply(state, new MemberTrained(assignment.Fence, member.Training.Index, new TrainedAdapter($"trials/{member.Training.Name}/{assignment.Fence}/adapter", "ab12", 240, curve.Points.TakeLast(20).Average(p => p.Loss), 8.6, 402_113)), now);
                    }
                if (assignment is EvaluationAssignment evaluation)
                    foreach (var (trial, name) in SweepHarness.AskedOf(evaluation))
                        SweepMachine.Apply(
                            state,
                            trial == failTrial && name == "goat-arithmetic"
                                ? new EvaluationFailed(assignment.Fence, trial, name, FailureKind.Data, "item 7 of goat-arithmetic is longer than the model's 256 positions")
                                : new ResultReported(assignment.Fence, trial, new EvaluationResult(name, Metrics(state.Grid.Trials[trial], name), 200, 1.2, null)),
                            now);
                SweepMachine.Apply(state, new AssignmentDone(assignment.Fence), now);
            }
        }
        return ReportBuilder.Build(state, curves, new Dictionary<string, string> { ["machine"] = "node-a, 2 cores, Debian 12", ["libtorch"] = "1.13.1" }, now);
    }

    private static Dictionary<string, double> Metrics(Trial trial, string evaluation)
    {
        var random = new Random(StableSeed(trial.Name));
        var skill = 0.34 + (trial.Model == "llama-2m" ? 0.11 : 0) + (trial.Data == "steps" ? 0.24 : 0) + (trial.Peft == "ia3" ? -0.16 : 0) + (trial is { Cot: "cue", Data: "steps" } ? 0.05 : 0) + (random.NextDouble() - 0.5) * 0.06;
        return evaluation == "perplexity"
            ? new() { ["word_perplexity"] = 30 - 15 * skill }
            : new() { ["exact_match"] = Math.Round(skill * 200) / 200, ["digit_match"] = 0.5 + skill / 2, ["exact_match_stderr"] = 0.03 };
    }

    private static LossCurve Curve(TrainingRun run)
    {
        var random = new Random(StableSeed(run.Name));
        double floor = (run.Data == "steps" ? 0.35 : 0.9) + (run.Peft == "ia3" ? 0.5 : 0) + (run.Model == "llama-2m" ? -0.1 : 0), pace = run.Peft == "ia3" ? 80 : 35;
        return new LossCurve(run.Name, [.. Enumerable.Range(1, 240).Select(s => new CurvePoint(s, floor + 2.4 * Math.Exp(-s / pace) + (random.NextDouble() - 0.5) * 0.35))]);
    }

    private static int StableSeed(string text) => text.Aggregate(17, (hash, c) => unchecked(hash * 31 + c)) & int.MaxValue;
}
