using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>What slots report, and what counts of it.</summary>
public sealed class ReportsTests
{
    [Fact]
    public void Reports_WholeAssignments_CompleteTheSweepOnce()
    {
        var sweep = Sweeps.One();
        sweep.FinishRest();

        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
        Assert.Single(sweep.Effects.OfType<Completed>());
        Assert.Equal(new SweepCounts(4, 0, 0, 4, 0, 0), sweep.State.Count());
        Assert.All(sweep.State.View(), v => Assert.Equal((1L, 1, 0.5), (v.Fence, v.Attempts, v.Metrics["x/exact_match"])));
        Assert.All(sweep.State.View(), v => Assert.All(v.Results, r => Assert.Equal(2, r.Fence)));
        Assert.Equal(sweep.Events.Select(e => e.Seq).Order(), sweep.Events.Select(e => e.Seq));
        Assert.Equal(sweep.Events.Count(), sweep.Events.Select(e => e.Seq).Distinct().Count());
    }

    [Fact]
    public void Reports_SameTwice_CountOnce()
    {
        var sweep = Sweeps.One();
        var a = sweep.RunPack();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1))));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(2))));
        Assert.Equal("adapters/1", sweep.State.View(0).Adapter!.Uri);
        sweep.Apply(new MemberTrained(a.Fence, 1, SweepHarness.Adapter(1)));
        sweep.Apply(new AssignmentDone(a.Fence));
        var e = sweep.RunEvaluation();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultReported(e.Fence, 0, SweepHarness.Result("x", 0.25))));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResultReported(e.Fence, 0, SweepHarness.Result("x", 0.75))));
        Assert.Equal(0.25, sweep.State.View(0).Metrics["x/exact_match"]);
        Assert.Equal(2, sweep.State.Header.DuplicateReports);
    }

    [Fact]
    public void Reports_OldFence_AreStaleAndChangeNothing()
    {
        var sweep = Sweeps.One();
        var old = sweep.RunPack();
        sweep.Now += sweep.Options.Lease;
        Assert.Empty(sweep.Drive());
        Assert.Contains(sweep.Effects, e => e is StopAssignment stop && stop.Fence == old.Fence);
        sweep.Now += TimeSpan.FromSeconds(10);
        var current = sweep.RunPack("b/0");

        Assert.True(current.Fence > old.Fence);
        SweepInput[] late = [new LeaseRenewed(old.Fence), new MemberTrained(old.Fence, 0, SweepHarness.Adapter(1)), new ResultReported(old.Fence, 0, SweepHarness.Result("x")), new CheckpointReported(old.Fence, "u", 9, ""), new AssignmentDone(old.Fence)];
        Assert.All(late, input => Assert.Equal(Verdict.Stale, sweep.Apply(input)));
        Assert.Equal(5, sweep.State.Header.StaleReports);
        Assert.All(sweep.State.View(), v => Assert.Equal((TrialStatus.Pending, 0), (v.Status, v.Results.Count)));
        Assert.Null(sweep.State.Packs.Single().Checkpoint);
    }

    [Fact]
    public void Reports_UnknownNames_AreUnknown()
    {
        var sweep = Sweeps.One();
        var a = sweep.RunPack();
        Assert.Equal(Verdict.Unknown, sweep.Apply(new MemberTrained(a.Fence, -1, SweepHarness.Adapter(1))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("x"))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new EvaluationFailed(a.Fence, 0, "x", FailureKind.Data, "m")));
        sweep.Finish(a);
        var e = sweep.RunEvaluation();
        Assert.Equal(Verdict.Unknown, sweep.Apply(new ResultReported(e.Fence, 99, SweepHarness.Result("x"))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new ResultReported(e.Fence, 0, SweepHarness.Result("nothing"))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new EvaluationFailed(e.Fence, 0, "nothing", FailureKind.Data, "m")));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new MemberTrained(e.Fence, 0, SweepHarness.Adapter(1))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new CheckpointReported(e.Fence, "u", 9, "")));
    }

    [Fact]
    public void Create_NoEvaluations_SucceedsOnceTrained()
    {
        var sweep = new SweepHarness("name: s\nmodels: m\npeft: lora\ndata: d");
        var a = sweep.RunPack();
        sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1)));
        sweep.Apply(new AssignmentDone(a.Fence));
        Assert.Equal((1, SweepStatus.Completed), (sweep.State.Count().Succeeded, sweep.State.Header.Status));
    }

    [Fact]
    public void Cache_PackThatASlotHasHad_KeepsItsComposition()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Preempted, "shutting down"));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new AdapterFromCache(0, SweepHarness.Adapter(9))));
        Assert.Equal([0, 1], sweep.RunPack().Members.Select(m => m.Training.Index));
    }

    [Fact]
    public void Cache_KnownResults_NeedNoSlot()
    {
        var sweep = Sweeps.One();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new AdapterFromCache(0, SweepHarness.Adapter(9))));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultFromCache(0, SweepHarness.Result("x"))));
        // What is trained already is evaluated and not trained again; the slot then trains the rest.
        var e = sweep.Drive("a/0", "b/0");
        Assert.Equal([1], e.OfType<TrainingAssignment>().Single().Members.Select(m => m.Training.Index));
        Assert.Equal([(1, "x")], SweepHarness.AskedOf(e.OfType<EvaluationAssignment>().Single()));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResultFromCache(1, SweepHarness.Result("x"))));
        foreach (var assignment in e) sweep.Finish(assignment);
        sweep.FinishRest();
        Assert.Equal([0L, 0L], sweep.State.View().Take(2).Select(v => v.Fence));
        Assert.Equal([true, false, false, false], sweep.State.View().Select(v => v.Results.Single().Fence == 0));

        var all = Sweeps.One();
        for (var t = 0; t < 2; t++) all.Apply(new AdapterFromCache(t, SweepHarness.Adapter(9)));
        for (var t = 0; t < 4; t++) all.Apply(new ResultFromCache(t, SweepHarness.Result("x")));
        Assert.Equal(SweepStatus.Completed, all.State.Header.Status);
    }
}
