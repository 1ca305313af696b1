using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Experiments;

/// <summary>An untuned base is a trial: nothing of it is trained, and it is leased, tried again, resumed, shared and shown as any other.</summary>
public sealed class UntunedTrialTests
{
    /// <summary>Two trainings with two trials each, and the base under both cues.</summary>
    private static readonly string Yaml = Sweeps.OnePack.Replace("base: false", "base: true", StringComparison.Ordinal);

    private static SweepHarness One(string evaluations = "x") => new(Yaml.Replace("evaluation: x", $"evaluation: {evaluations}", StringComparison.Ordinal), new PlanLimits { MaxMembers = 1 });

    private static IEnumerable<TrialView> Bases(SweepHarness sweep) => sweep.State.View().Where(v => v.Trial.IsUntuned);

    [Fact]
    public void Expand_Base_IsNamedPlainlyAndComesLast()
    {
        var grid = One().State.Grid;
        Assert.Equal(["m+base+none", "m+base+cue"], grid.Trials.Skip(4).Select(t => t.Name));
        Assert.All(grid.Trials.Skip(4), t => Assert.Equal((true, null, null, null, "m+base+" + t.Cot), (t.IsUntuned, t.Training, t.Data, t.Seed, t.Group)));
        Assert.Equal(["m+base+none", "m+base+cue", "m+base+none", "m+base+cue"], grid.Trials.Take(4).Select(t => t.Base));
        Assert.All(grid.Trainings, t => Assert.DoesNotContain(t.Trials, trial => trial >= 4));
    }

    [Fact]
    public void Expand_SeveralTemplatesAndSeeds_AreInTheNames()
    {
        var grid = SweepDocument.ParseValid(
            "name: s\nseeds: [3, 5]\nmodels: m\npeft: lora\ndata: [{ name: a, sources: [x] }, { name: b, sources: [x], template: goat }]\ndecoding: { strategy: sample }\nevaluation: x").Expand();
        Assert.Equal(["m+base+alpaca+none+s3", "m+base+alpaca+none+s5", "m+base+goat+none+s3", "m+base+goat+none+s5"], grid.Trials.Where(t => t.IsUntuned).Select(t => t.Name));
        Assert.Equal(["m+base+alpaca+none", "m+base+alpaca+none", "m+base+goat+none", "m+base+goat+none"], grid.Trials.Where(t => !t.IsUntuned).Select(t => t.Base));
        Assert.Equal(grid.Trials.Count, grid.Trials.Select(t => t.Name).Distinct().Count());
        Assert.Equal(4, grid.Trials.Where(t => t.IsUntuned).Select(t => t.TrialKey).Distinct().Count());
    }

    [Fact]
    public void Drive_IdleSlotAndNothingLeftToTrain_AsksTheBaseMeanwhile()
    {
        var sweep = One();
        Assert.All(Bases(sweep), v => Assert.Equal((TrialStatus.Pending, TrialPhase.Waiting), (v.Status, v.Phase)));
        Assert.Equal(4, sweep.State.Waiting);
        var started = sweep.Drive("a/0", "b/0", "c/0");
        Assert.Equal([typeof(TrainingAssignment), typeof(TrainingAssignment), typeof(EvaluationAssignment)], started.Select(a => a.GetType()));
        var evaluation = (EvaluationAssignment)started[2];
        Assert.Equal([(4, "x"), (5, "x")], SweepHarness.AskedOf(evaluation));
        Assert.Equal((null, null), (evaluation.Members.Single().Training, evaluation.Members.Single().Adapter));
        sweep.Apply(new StartAccepted("c/0", evaluation.Fence));
        Assert.All(Bases(sweep), v => Assert.Equal((TrialPhase.Evaluating, evaluation.Fence, "c/0", 1), (v.Phase, v.Fence, v.Slot, v.Attempts)));
        sweep.Finish(evaluation);
        Assert.All(Bases(sweep), v => Assert.Equal((TrialStatus.Succeeded, 0.5, evaluation.Fence), (v.Status, v.Metrics["x/exact_match"], v.Fence)));
        Assert.Equal(new SweepCounts(6, 0, 4, 2, 0, 0), sweep.State.Count());
    }

    [Fact]
    public void Run_ToTheEnd_AsksTunedTrialsAndBasesTogether()
    {
        var sweep = One();
        sweep.FinishRest();
        Assert.Equal((SweepStatus.Completed, new SweepCounts(6, 0, 0, 6, 0, 0)), (sweep.State.Header.Status, sweep.State.Count()));
        Assert.Equal("all 6 trials are done", sweep.Events.Last().Message);
        Assert.Contains(sweep.Effects.OfType<StartAssignment>().Select(e => e.Assignment).OfType<EvaluationAssignment>(), a => a.Members.Count(m => m.Training is null) == 1 && a.Members.Count(m => m.Training is not null) == 1);
    }

    [Fact]
    public void Failed_BaseThatCannotBeAsked_CostsThatTrialAlone()
    {
        var sweep = One("[x, y]");
        while (sweep.State.Header.Status == SweepStatus.Running)
        {
            sweep.Now += TimeSpan.FromMinutes(1);
            var assignment = sweep.Run();
            if (assignment is not EvaluationAssignment evaluation)
            {
                sweep.Finish(assignment);
                continue;
            }
            // Whoever asks the base for y kills its worker.
            var asked = SweepHarness.AskedOf(evaluation);
            foreach (var (trial, name) in asked.TakeWhile(a => a != (4, "y"))) sweep.Apply(new ResultReported(evaluation.Fence, trial, SweepHarness.Result(name)));
            sweep.Apply(asked.Contains((4, "y")) ? new AssignmentFailed(evaluation.Fence, FailureKind.Unknown, "signal 11") : new AssignmentDone(evaluation.Fence));
        }
        Assert.Equal(new SweepCounts(6, 0, 0, 5, 1, 0), sweep.State.Count());
        Assert.Equal(["y"], sweep.State.View(4).Failures.Select(f => f.Evaluation));

        sweep.Restart();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResumeRequested(true)));
        var again = sweep.RunEvaluation();
        Assert.Equal([(4, "y")], SweepHarness.AskedOf(again));
        sweep.Finish(again);
        Assert.Equal(new SweepCounts(6, 0, 0, 6, 0, 0), sweep.State.Count());
    }

    [Fact]
    public void Restart_WhileABaseIsAsked_GoesOnAsForAnyTrial()
    {
        var sweep = One("[x, y]");
        var evaluation = (EvaluationAssignment)sweep.Drive("a/0", "b/0", "c/0")[2];
        sweep.Apply(new StartAccepted("c/0", evaluation.Fence));
        sweep.Apply(new ResultReported(evaluation.Fence, 4, SweepHarness.Result("x")));
        sweep.Restart();
        sweep.Apply(new Drive([new SlotOffer("a/0"), new SlotOffer("b/0"), new SlotOffer("c/0", evaluation.Fence)]));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultReported(evaluation.Fence, 4, SweepHarness.Result("y"))));
        sweep.Restart();
        Assert.Equal((TrialStatus.Succeeded, 2), (sweep.State.View(4).Status, sweep.State.View(4).Results.Count));
        Assert.Equal((TrialStatus.Pending, 0), (sweep.State.View(5).Status, sweep.State.View(5).Results.Count));
    }

    [Fact]
    public void Cancel_Base_WaitsAgainAfterItsResume()
    {
        var sweep = One();
        sweep.RunPack();
        sweep.Apply(new CancelRequested("enough"));
        Assert.Equal(new SweepCounts(6, 0, 0, 0, 0, 6), sweep.State.Count());
        sweep.Apply(new ResumeRequested(false));
        Assert.Equal(4, sweep.State.Waiting);
        sweep.FinishRest();
        Assert.Equal(new SweepCounts(6, 0, 0, 6, 0, 0), sweep.State.Count());
    }

    /// <summary>A base's result needs the base's content alone: what is trained on is not in it.</summary>
    [Fact]
    public void SharedResults_OfABase_NeedNoDataToBeKnown()
    {
        var sweep = Known();
        Assert.Equal([(4, "x"), (5, "x")], sweep.State.SharedResults().Select(r => (r.Trial, r.Evaluation)));
        Assert.Equal(sweep.State.Grid.Trials[4].ResultKeys["x"], sweep.State.SharedResults().First().Key);
        Assert.Equal(sweep.State.SharedResults().Select(r => r.Key), Known(Yaml.Replace("alpaca", "other", StringComparison.Ordinal).Replace("seeds: [0]", "seeds: [4]", StringComparison.Ordinal)).State.SharedResults().Select(r => r.Key));
        Assert.Empty(One().State.SharedResults());

        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultFromCache(4, SweepHarness.Result("x") with { From = "e/other" })));
        Assert.Equal((TrialStatus.Succeeded, "e/other", 0L), sweep.State.View(4) is var view ? (view.Status, view.TakenOverFrom, view.Fence) : default);
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResultFromCache(4, SweepHarness.Result("x"))));
        sweep.FinishRest();
        Assert.DoesNotContain(sweep.Effects.OfType<StartAssignment>().Select(e => e.Assignment).OfType<EvaluationAssignment>(), a => SweepHarness.AskedOf(a).Any(asked => asked.Trial == 4));
    }

    private static SweepHarness Known(string? yaml = null) => new(
        yaml ?? Yaml, facts: new SpecFacts { Files = [new ReferencedFiles(ReferencedFiles.Model, "m", [])] },
        identities: new SpecIdentities { Suites = new Dictionary<string, string> { ["x"] = "items" } });

    /// <summary>A report that is made meanwhile says of a trial what the status says.</summary>
    [Fact]
    public void Report_Interim_ShowsWhatRunsAsRunning()
    {
        var sweep = One();
        foreach (var started in sweep.Drive("a/0", "c/0")) sweep.Apply(new StartAccepted(started.Slot, started.Fence));
        var report = ReportBuilder.Build(sweep.State, [], new Dictionary<string, string>(), sweep.Now);
        var running = sweep.State.View().Where(v => v.Phase is TrialPhase.Training or TrialPhase.Evaluating).Select(v => v.Trial.Name).ToList();
        Assert.InRange(running.Count, 1, report.Trials.Count);
        var lines = AlpacaCot.Experiments.Reporting.ReportWriter.Markdown(report).Split('\n').Where(line => line.StartsWith('|')).ToList();
        Assert.All(report.Trials, trial => Assert.Equal(running.Contains(trial.Name), lines.Any(line => line.Contains($" {trial.Name} ", StringComparison.Ordinal) && line.Contains(" running ", StringComparison.Ordinal))));
    }

    [Fact]
    public void Report_Base_IsATrialWithoutDataAndWhatGroupsAreComparedWith()
    {
        var sweep = One();
        sweep.FinishRest();
        var report = ReportBuilder.Build(sweep.State, [], new Dictionary<string, string>(), sweep.Now);
        Assert.Equal((6, 2), (report.Trials.Count, report.Trials.Count(t => t.IsBase)));
        Assert.All(report.Trials.Where(t => t.IsBase), t => Assert.Equal(("", 0, "base", false), (t.Training, t.Steps, t.Factors["peft"], t.Factors.ContainsKey("data") || t.Factors.ContainsKey("seed"))));
        Assert.All(report.Trials.Where(t => !t.IsBase), t => Assert.Equal("m+base+" + t.Factors["cot"], t.Base));
        Assert.Equal((2, 2), (report.Accounting.Trainings, report.Accounting.Packs));
        Assert.DoesNotContain(report.Notes, note => note.Contains("base 0", StringComparison.Ordinal));
    }

    [Fact]
    public void Report_DataArms_TellWhatBecameOfTheRows()
    {
        var facts = new SpecFacts
        {
            Mixes =
            [
                .. new[] { "m", "n" }.Select(model => new MixFacts
                {
                    Model = model, Data = "d", Rows = 12, Kept = 9, Dropped = new Dictionary<string, long> { ["EmptyAnswer"] = 3 }, Truncated = 2, Duplicates = 1, Examples = 18, Tokens = 400, SupervisedTokens = 90,
                    Cues = new Dictionary<string, long> { ["Think."] = 9 },
                }),
                new MixFacts { Model = "o", Data = "d", Kept = 12 }, new MixFacts { Model = "o", Data = "d", Error = "unreadable" },
            ],
        };
        var sweep = new SweepHarness("name: s\nmodels: [m, n, o]\npeft: lora\ndata: [{ name: d, sources: [x, goat], training_cue: \"Think.\", match: rows }, { name: e, sources: [y], match: rows }]", facts: facts);
        sweep.Restart();
        var arms = ReportBuilder.Build(sweep.State, [], new Dictionary<string, string>(), sweep.Now).DataArms;
        Assert.Equal(["m n", "o"], arms.Select(arm => string.Join(' ', arm.Models)));
        var arm = arms[0];
        Assert.Equal(("d", "alpaca", 12L, 9L, 2L, 1L), (arm.Data, arm.Template, arm.Rows, arm.Kept, arm.Cut, arm.Duplicates));
        Assert.Equal((18L, 400L, 90L, 3L, 9L), (arm.Examples, arm.Tokens, arm.SupervisedTokens, arm.Dropped["EmptyAnswer"], arm.Cues["Think."]));
        Assert.Equal(["Think."], arm.TrainingCues);
        Assert.Equal(["e"], arm.MatchedWith);
    }
}
