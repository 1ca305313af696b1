using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Evaluations are work of their own: what fails in one costs that one alone.</summary>
public sealed class EvaluationTests
{
    private static SweepHarness Three() => new(Sweeps.ThreeEvaluations);

    [Fact]
    public void Pack_Trained_EndsThere_AndItsTrialsAreEvaluatedUnderAFenceOfTheirOwn()
    {
        var sweep = Three();
        var pack = sweep.RunPack();
        sweep.Finish(pack);
        Assert.Equal(PackStatus.Done, sweep.State.Packs.Single().Status);
        Assert.All(sweep.State.View(), v => Assert.Equal((TrialStatus.Pending, TrialPhase.Waiting), (v.Status, v.Phase)));
        var evaluation = sweep.RunEvaluation();
        Assert.True(evaluation.Fence > pack.Fence);
        Assert.Equal([2, 2], evaluation.Members.Select(m => m.Trials.Count));
        Assert.All(evaluation.Members, m => Assert.Equal("adapters/1", m.Adapter!.Uri));
        Assert.All(evaluation.Members.SelectMany(m => m.Trials), t => Assert.Equal(["x", "y", "z"], t.Evaluations));
        Assert.All(sweep.State.View(), v => Assert.Equal(TrialPhase.Evaluating, v.Phase));
        sweep.Finish(evaluation);
        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
        Assert.Empty(sweep.State.Evaluations);
    }

    [Fact]
    public void Member_TrainedBeforeTheOthers_IsEvaluatedElsewhereMeanwhile()
    {
        var sweep = Sweeps.One();
        var pack = sweep.RunPack("a/0");
        sweep.Apply(new MemberTrained(pack.Fence, 1, SweepHarness.Adapter(1)));
        var evaluation = sweep.RunEvaluation("b/0");
        Assert.Equal([(2, "x"), (3, "x")], SweepHarness.AskedOf(evaluation));
        Assert.Equal([TrialPhase.Training, TrialPhase.Training, TrialPhase.Evaluating, TrialPhase.Evaluating], sweep.State.View().Select(v => v.Phase));
    }

    [Fact]
    public void EvaluationFailed_OneSuiteOfOneTrial_LeavesAllElse()
    {
        var sweep = Three();
        sweep.Finish(sweep.RunPack());
        var evaluation = sweep.RunEvaluation();
        foreach (var (trial, name) in SweepHarness.AskedOf(evaluation))
            Assert.Equal(Verdict.Accepted, sweep.Apply((trial, name) == (1, "y")
                ? new EvaluationFailed(evaluation.Fence, 1, "y", FailureKind.Data, "item 3 has no answer") : new ResultReported(evaluation.Fence, trial, SweepHarness.Result(name))));
        sweep.Apply(new AssignmentDone(evaluation.Fence));

        Assert.Equal(new SweepCounts(4, 0, 0, 3, 1, 0), sweep.State.Count());
        var failed = sweep.State.View(1);
        Assert.Equal(new Failure(FailureKind.Data, "y: item 3 has no answer"), failed.Failure);
        Assert.Equal(["x/exact_match", "z/exact_match"], failed.Metrics.Keys.Order());
        Assert.NotNull(failed.Adapter);
    }

    [Fact]
    public void EvaluationFailed_Resumed_AsksThatAloneAgain()
    {
        var sweep = Three();
        sweep.Finish(sweep.RunPack());
        var evaluation = sweep.RunEvaluation();
        sweep.Apply(new EvaluationFailed(evaluation.Fence, 1, "y", FailureKind.Data, "item 3 has no answer"));
        sweep.Finish(evaluation);
        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
        sweep.Restart();
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResumeRequested(false)));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResumeRequested(true)));
        var again = sweep.RunEvaluation();
        Assert.Equal([(1, "y")], SweepHarness.AskedOf(again));
        sweep.Finish(again);
        Assert.Equal(new SweepCounts(4, 0, 0, 4, 0, 0), sweep.State.Count());
    }

    [Fact]
    public void Failed_Evaluation_NeverEndsTrialsThatAreStillTrained()
    {
        var sweep = Sweeps.Two();
        sweep.Finish(sweep.RunPack("a/0"));
        sweep.RunPack("b/0");
        var evaluation = sweep.RunEvaluation("a/0");
        sweep.Apply(new AssignmentFailed(evaluation.Fence, FailureKind.Data, "the base has changed"));
        Assert.Equal([TrialStatus.Failed, TrialStatus.Failed, TrialStatus.Pending, TrialStatus.Pending], sweep.State.View().Select(v => v.Status));
        Assert.Equal([TrialPhase.Training, TrialPhase.Training], sweep.State.View().Skip(2).Select(v => v.Phase));
    }

    [Fact]
    public void Failed_InTheMiddle_AsksOnlyWhatIsMissing()
    {
        var sweep = Sweeps.One();
        sweep.Finish(sweep.RunPack());
        var first = sweep.RunEvaluation();
        sweep.Apply(new ResultReported(first.Fence, 0, SweepHarness.Result("x")));
        sweep.Apply(new AssignmentFailed(first.Fence, FailureKind.Unknown, "killed"));
        var again = sweep.RunEvaluation();
        Assert.Equal([(1, "x"), (2, "x"), (3, "x")], SweepHarness.AskedOf(again));
        Assert.Equal(first.Name, again.Name);
        sweep.Finish(again);
        Assert.Equal([first.Fence, again.Fence, again.Fence, again.Fence], sweep.State.View().Select(v => v.Results.Single().Fence));
        Assert.All(sweep.State.View(), v => Assert.Equal(2, v.Attempts));
    }

    [Fact]
    public void Failed_ThreeTimesWithoutProgress_TriesEachAloneSoThatOneCostsNoOther()
    {
        var sweep = Three();
        sweep.Finish(sweep.RunPack());
        // Whoever asks trial 0 for y kills its worker.
        while (sweep.State.Header.Status == SweepStatus.Running)
        {
            sweep.Now += TimeSpan.FromMinutes(1);
            var evaluation = sweep.RunEvaluation();
            var asked = SweepHarness.AskedOf(evaluation);
            foreach (var (trial, name) in asked.TakeWhile(a => a != (0, "y"))) sweep.Apply(new ResultReported(evaluation.Fence, trial, SweepHarness.Result(name)));
            sweep.Apply(asked.Contains((0, "y")) ? new AssignmentFailed(evaluation.Fence, FailureKind.Unknown, "signal 11") : new AssignmentDone(evaluation.Fence));
        }
        Assert.Equal(new SweepCounts(4, 0, 0, 3, 1, 0), sweep.State.Count());
        Assert.Equal(["y"], sweep.State.View(0).Failures.Select(f => f.Evaluation));
        Assert.Equal(["x", "z"], sweep.State.View(0).Results.Select(r => r.Evaluation).Order());
    }

    [Fact]
    public void OutOfMemory_Evaluation_IsTriedSmaller_ThenAlone_ThenFailsAlone()
    {
        var sweep = Sweeps.One();
        sweep.Finish(sweep.RunPack());
        var whole = sweep.RunEvaluation();
        sweep.Apply(new AssignmentFailed(whole.Fence, FailureKind.OutOfMemory, "no memory"));
        var half = sweep.RunEvaluation();
        Assert.Equal(whole.Kernel.MicroBatchTokens / 2, half.Kernel.MicroBatchTokens);
        Assert.Equal(4, SweepHarness.AskedOf(half).Count);
        sweep.Apply(new AssignmentFailed(half.Fence, FailureKind.OutOfMemory, "no memory"));
        var alone = sweep.RunEvaluation();
        Assert.Equal([(0, "x")], SweepHarness.AskedOf(alone));
        sweep.Apply(new AssignmentFailed(alone.Fence, FailureKind.OutOfMemory, "no memory"));
        sweep.FinishRest();
        Assert.Equal(new SweepCounts(4, 0, 0, 3, 1, 0), sweep.State.Count());
    }

    [Fact]
    public void Drive_SeveralIdleSlots_ShareTheTrials()
    {
        var sweep = Sweeps.One();
        sweep.Finish(sweep.RunPack());
        var shares = sweep.Drive("a/0", "b/0").Cast<EvaluationAssignment>().ToList();
        Assert.Equal([2, 2], shares.Select(a => SweepHarness.AskedOf(a).Count));
        Assert.Equal([(0, "x"), (1, "x"), (2, "x"), (3, "x")], shares.SelectMany(SweepHarness.AskedOf));
    }

    [Theory]
    [InlineData(0.2, false)]
    [InlineData(3600, true)]
    public void Drive_MoreToTrainOnTheLoadedBase_AsksAtOnceOnlyWhatTookLong(double seconds, bool atOnce)
    {
        var sweep = Sweeps.Two();
        var pack = sweep.RunPack();
        sweep.Apply(new MemberTrained(pack.Fence, 0, SweepHarness.Adapter(1) with { Seconds = seconds }));
        sweep.Apply(new AssignmentDone(pack.Fence));
        Assert.Equal(atOnce, sweep.Run() is EvaluationAssignment);
    }

    [Fact]
    public void Drive_ManyShortTrainings_AreAskedTogetherOnceThereAreMany()
    {
        var sweep = new SweepHarness(
            $"name: s\nseeds: [{string.Join(", ", Enumerable.Range(0, 40))}]\nmodels: m\npeft: lora\ndata: d\nbase: false\nevaluation: x", new PlanLimits { MaxMembers = 1 });
        var asked = new List<int>();
        while (sweep.State.Header.Status == SweepStatus.Running)
        {
            var assignment = sweep.Run();
            if (assignment is EvaluationAssignment evaluation) asked.Add(SweepHarness.AskedOf(evaluation).Count);
            foreach (var report in SweepHarness.WholeOf(assignment))
                sweep.Apply(report is MemberTrained trained ? trained with { Adapter = trained.Adapter with { Seconds = 0 } } : report);
        }
        Assert.Equal([32, 8], asked);
    }

    [Fact]
    public void Restart_InTheMiddle_KeepsWhatSlotsHaveAndWhatWaits()
    {
        var sweep = Sweeps.Two();
        sweep.Finish(sweep.RunPack("a/0"));
        sweep.Finish(sweep.RunPack("b/0"));
        sweep.Restart();
        var evaluation = Assert.IsType<EvaluationAssignment>(sweep.Drive("a/0", "b/0")[0]);
        sweep.Restart();
        sweep.Apply(new Drive([new SlotOffer(evaluation.Slot, evaluation.Fence)]));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultReported(evaluation.Fence, 0, SweepHarness.Result("x"))));
        sweep.Finish(evaluation);
        sweep.Now += sweep.Options.Lease;
        sweep.FinishRest();
        Assert.Equal(4, sweep.State.Count().Succeeded);
        Assert.Equal(4, sweep.Effects.OfType<Emit>().Count(e => e.Event.Kind == SweepEventKind.Result));
    }
}
