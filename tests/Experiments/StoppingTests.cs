using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Cancelled, resumed, and read again after the process ended.</summary>
public sealed class StoppingTests
{
    [Fact]
    public void Cancel_StopsSlotsAndEndsEverything()
    {
        var sweep = Sweeps.Two();
        sweep.Finish(sweep.RunPack("a/0"));
        var (evaluation, pack) = (sweep.RunEvaluation("a/0"), sweep.RunPack("b/0"));
        sweep.Apply(new ResultReported(evaluation.Fence, 0, SweepHarness.Result("x")));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new CancelRequested("enough")));

        Assert.Equal([evaluation.Fence, pack.Fence], sweep.Effects.OfType<StopAssignment>().Select(s => s.Fence).Order());
        Assert.Equal(new SweepCounts(4, 0, 0, 1, 0, 3), sweep.State.Count());
        Assert.Equal(Verdict.Stale, sweep.Apply(new ResultReported(evaluation.Fence, 1, SweepHarness.Result("x"))));
        Assert.Equal(Verdict.Stale, sweep.Apply(new MemberTrained(pack.Fence, 1, SweepHarness.Adapter(1))));
        Assert.Empty(sweep.Drive("a/0", "a/1"));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new CancelRequested("enough")));
        Assert.Equal(SweepStatus.Cancelled, Assert.Single(sweep.Effects.OfType<Completed>()).Status);
    }

    [Fact]
    public void Resume_AfterCancel_GoesOnWithWhatIsMissing()
    {
        var sweep = Sweeps.Two();
        sweep.Finish(sweep.RunPack("a/0"));
        var evaluation = sweep.RunEvaluation("a/0");
        sweep.Apply(new ResultReported(evaluation.Fence, 0, SweepHarness.Result("x")));
        sweep.Apply(new CancelRequested("enough"));
        sweep.Restart();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResumeRequested(false)));
        var rest = sweep.Drive("a/0", "b/0");
        Assert.Equal([(1, "x")], SweepHarness.AskedOf(rest.OfType<EvaluationAssignment>().Single()));
        Assert.Equal([1], rest.OfType<TrainingAssignment>().Single().Members.Select(m => m.Training.Index));
        foreach (var assignment in rest) sweep.Finish(assignment);
        sweep.FinishRest();
        Assert.Equal(4, sweep.State.Count().Succeeded);
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResumeRequested(true)));
    }

    [Fact]
    public void Resume_CancelledPack_GoesOnFromItsCheckpoint()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new CheckpointReported(sweep.RunPack().Fence, "c", 10, "h"));
        sweep.Apply(new CancelRequested("enough"));
        sweep.Apply(new ResumeRequested(false));
        Assert.Equal(10, sweep.RunPack().Checkpoint!.Step);
    }

    [Fact]
    public void Resume_WorkThatWaitedForARetry_IsGivenOnce()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Unknown, "killed"));
        sweep.Apply(new CancelRequested("enough"));
        sweep.Apply(new ResumeRequested(false));
        sweep.Now += TimeSpan.FromMinutes(1);
        Assert.Single(sweep.Drive("a/0", "b/0"));
    }

    [Fact]
    public void Resume_FailedMember_DoesNotGoOnFromACheckpointWithoutIt()
    {
        var sweep = Sweeps.One();
        var a = sweep.RunPack();
        sweep.Apply(new CheckpointReported(a.Fence, "both", 10, "h"));
        sweep.Apply(new MemberFailed(a.Fence, 1, FailureKind.NonFinite, "step 12"));
        sweep.Apply(new CheckpointReported(a.Fence, "one", 20, "h"));
        sweep.Finish(a);
        sweep.FinishRest();
        Assert.Equal(new SweepCounts(4, 0, 0, 2, 2, 0), sweep.State.Count());

        sweep.Restart();
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResumeRequested(false)));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResumeRequested(true)));
        var again = sweep.RunPack();
        Assert.Null(again.Checkpoint);
        Assert.Equal([(1, true)], again.Members.Select(m => (m.Training.Index, m.Train)));
        // A checkpoint of this run holds the one member alone, and so does every later attempt.
        sweep.Apply(new CheckpointReported(again.Fence, "alone", 10, "h"));
        sweep.Apply(new AssignmentFailed(again.Fence, FailureKind.Unknown, "killed"));
        sweep.Restart();
        again = sweep.RunPack();
        Assert.Equal(("alone", 1), (again.Checkpoint!.Uri, again.Members.Count));
        sweep.Finish(again);
        Assert.Equal([2, 3], sweep.RunEvaluation().Members.SelectMany(m => m.Trials).Select(t => t.Trial.Index));
    }

    [Fact]
    public void Restart_SlotThatStaysSilent_LosesThePackOnceItsLeaseLapses()
    {
        var sweep = Sweeps.One();
        var a = sweep.Run();
        sweep.Restart();
        // Ticks of the owner are no sign of life of the slot.
        for (var tick = TimeSpan.Zero; tick < sweep.Options.Lease; tick += TimeSpan.FromSeconds(2))
        {
            Assert.Empty(sweep.Drive("b/0"));
            sweep.Now += TimeSpan.FromSeconds(2);
        }
        Assert.True(Assert.Single(sweep.Drive("b/0")).Fence > a.Fence);
        Assert.Equal(0, sweep.State.View(0).Strikes);
        Assert.Equal(Verdict.Stale, sweep.Apply(new LeaseRenewed(a.Fence)));
    }

    [Fact]
    public void Restart_SlotThatIsIdle_LosesThePackAtNoCost()
    {
        var sweep = Sweeps.One();
        var a = sweep.Run();
        sweep.Apply(new CheckpointReported(a.Fence, "c", 5, "h"));
        sweep.Restart();
        var again = Assert.IsType<TrainingAssignment>(Assert.Single(sweep.Drive("a/0")));

        Assert.True(again.Fence > a.Fence);
        Assert.Equal("c", again.Checkpoint!.Uri);
        Assert.Equal(0, sweep.State.View(0).Strikes);
        Assert.Equal(Verdict.Stale, sweep.Apply(new LeaseRenewed(a.Fence)));
    }

    [Fact]
    public void Restart_SlotThatStillRuns_KeepsThePack()
    {
        var sweep = Sweeps.One();
        var a = sweep.Run();
        sweep.Restart();
        sweep.Now += TimeSpan.FromSeconds(30);
        sweep.Apply(new Drive([new SlotOffer("a/0", a.Fence)]));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(a.Fence)));
        sweep.Finish(a);
        sweep.FinishRest();
        Assert.Equal((4, 1), (sweep.State.Count().Succeeded, sweep.State.View(0).Attempts));
    }

    [Fact]
    public void Restart_HeaderOlderThanItsShards_NeverReusesANumber()
    {
        var sweep = Sweeps.One();
        sweep.Finish(sweep.RunPack());
        var header = System.Text.Json.JsonSerializer.Serialize(sweep.State.Header);
        var evaluation = sweep.RunEvaluation();
        var loaded = SweepState.Load(sweep.State.Origin, System.Text.Json.JsonSerializer.Deserialize<SweepHeader>(header)!, sweep.State.Shards, sweep.Options);
        Assert.True(loaded.Header.NextFence > evaluation.Fence);
        Assert.Equal(1, loaded.Header.NextEvaluation);
    }

    [Fact]
    public void Load_SpecThatExpandsDifferently_IsRefused()
    {
        var sweep = Sweeps.One();
        var origin = System.Text.Json.JsonSerializer.Serialize(sweep.State.Origin).Replace("Think.", "Ponder.", StringComparison.Ordinal);
        Assert.Contains("other trials", Assert.Throws<SweepException>(() => SweepState.Load(System.Text.Json.JsonSerializer.Deserialize<SweepOrigin>(origin)!, sweep.State.Header, sweep.State.Shards, sweep.Options)).Message, StringComparison.Ordinal);
        Assert.Contains("0 of 1 parts", Assert.Throws<SweepException>(() => SweepState.Load(sweep.State.Origin, sweep.State.Header, [], sweep.Options)).Message, StringComparison.Ordinal);
    }
}
