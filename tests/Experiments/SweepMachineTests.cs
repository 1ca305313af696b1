using AlpacaCot.Experiments;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

public sealed class SweepMachineTests
{
    /// <summary>One pack: two trainings with two trials each.</summary>
    private const string OnePack = """
        name: s
        seeds: [0]
        models: m
        peft: [lora, ia3]
        data: alpaca
        cot: [none, "Think."]
        evaluation: x
        """;

    private static SweepHarness One() => new(OnePack);

    [Fact]
    public void Drive_IdleSlot_WritesTheLeaseBeforeItStartsTheWork()
    {
        var sweep = One();
        _ = sweep.State.TakeDirty();
        var outcome = SweepMachine.Apply(sweep.State, new Drive([new SlotOffer("a/0")]), sweep.Now);

        Assert.True(Assert.IsType<Persist>(outcome.Effects[0]).BeforeOthers);
        var assignment = Assert.Single(outcome.Effects.OfType<StartAssignment>()).Assignment;
        Assert.Equal((1L, "a/0", 1, 2), (assignment.Fence, assignment.Slot, assignment.Attempt, assignment.Members.Count));
        Assert.All(assignment.Members, m => Assert.True(m.Train && m.Trials.Count == 2 && m.Trials.All(t => t.Evaluations.SequenceEqual(["x"]))));
        var (header, shards) = sweep.State.TakeDirty();
        Assert.True(header);
        Assert.Equal(PackStatus.Leased, Assert.Single(Assert.Single(shards).Packs).Status);
    }

    [Fact]
    public void Drive_SlotThatHasWork_GetsNoMore()
    {
        var sweep = new SweepHarness(OnePack, new PlanLimits { MaxMembers = 1 });
        Assert.Single(sweep.Drive("a/0"));
        Assert.Empty(sweep.Drive("a/0"));
        Assert.Single(sweep.Drive("a/0", "a/1"));
        Assert.Empty(sweep.Drive("a/2"));
    }

    [Fact]
    public void Drive_SlotWithALoadedBase_GetsPacksOfThatBaseFirst()
    {
        var sweep = new SweepHarness("name: s\nmodels: [m/a, m/b]\npeft: [lora, ia3]\ndata: d", new PlanLimits { MaxMembers = 1 });
        var first = sweep.Drive("s/0", "s/1", "s/2");
        Assert.Equal(["a", "a", "b"], first.Select(a => a.Model));
        sweep.Finish(first[2]);
        sweep.Finish(first[0]);
        Assert.Equal("b", Assert.Single(sweep.Drive("s/2")).Model);
    }

    [Fact]
    public void Reports_WholeAssignment_CompletesTheSweepOnce()
    {
        var sweep = One();
        sweep.Finish(sweep.Run());

        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
        Assert.Single(sweep.Effects.OfType<Completed>());
        Assert.Equal(new SweepCounts(4, 0, 0, 4, 0, 0), sweep.State.Count());
        Assert.All(sweep.State.View(), v => Assert.Equal((1L, 1, 0.5), (v.Fence, v.Attempts, v.Metrics["x/exact_match"])));
        Assert.Equal(sweep.Events.Select(e => e.Seq).Order(), sweep.Events.Select(e => e.Seq));
        Assert.Equal(sweep.Events.Count(), sweep.Events.Select(e => e.Seq).Distinct().Count());
    }

    [Fact]
    public void Reports_SameResultTwice_CountOnce()
    {
        var sweep = One();
        var a = sweep.Run();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1))));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("x", 0.25))));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(2))));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("x", 0.75))));
        Assert.Equal(0.25, sweep.State.View(0).Metrics["x/exact_match"]);
        Assert.Equal(2, sweep.State.Header.DuplicateReports);
    }

    [Fact]
    public void Reports_OldFence_AreStaleAndChangeNothing()
    {
        var sweep = One();
        var old = sweep.Run();
        sweep.Now += sweep.Options.Lease;
        Assert.Empty(sweep.Drive());
        Assert.Contains(sweep.Effects, e => e is StopAssignment stop && stop.Fence == old.Fence);
        sweep.Now += TimeSpan.FromSeconds(10);
        var current = sweep.Run("b/0");

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
        var sweep = One();
        var a = sweep.Run();
        Assert.Equal(Verdict.Unknown, sweep.Apply(new ResultReported(a.Fence, 99, SweepHarness.Result("x"))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("nothing"))));
        Assert.Equal(Verdict.Unknown, sweep.Apply(new MemberTrained(a.Fence, -1, SweepHarness.Adapter(1))));
    }

    [Fact]
    public void Failed_ThreeTimesWithoutProgress_FailsTheTrials()
    {
        var sweep = One();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            sweep.Now += TimeSpan.FromMinutes(1);
            var a = sweep.Run();
            Assert.Equal(attempt, a.Attempt);
            sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "the worker was killed"));
        }
        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
        Assert.All(sweep.State.View(), v => Assert.Equal((TrialStatus.Failed, 3, FailureKind.Unknown), (v.Status, v.Attempts, v.Failure!.Kind)));
    }

    [Fact]
    public void Failed_WithoutProgress_WaitsLongerEachTime_OverARestartToo()
    {
        var sweep = One();
        foreach (var seconds in (int[])[1, 2])
        {
            var a = sweep.Run();
            sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "the worker was killed"));
            sweep.Now += TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1);
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Restart();
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Now += TimeSpan.FromMilliseconds(1);
        }
        sweep.Run();
    }

    [Fact]
    public void Lost_Slot_GivesItsPackToAnotherAtOnce_AndIsNoStrike()
    {
        var sweep = new SweepHarness(OnePack, new PlanLimits { MaxMembers = 1 });
        var (gone, stays) = (sweep.Run("a/0"), sweep.Run("b/0"));
        sweep.Apply(new CheckpointReported(gone.Fence, "c", 10, "h"));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new SlotLost("a/0")));
        Assert.Equal(Verdict.Stale, sweep.Apply(new LeaseRenewed(gone.Fence)));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(stays.Fence)));
        var again = sweep.Run("c/0");
        Assert.Equal((gone.Pack, 10), (again.Pack, again.Checkpoint!.Step));
        Assert.True(again.Fence > stays.Fence);
        Assert.All(sweep.State.View(), view => Assert.Equal(0, view.Strikes));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new SlotLost("unheard-of/0")));
    }

    [Fact]
    public void Failed_AfterANewCheckpoint_IsNoStrikeAndResumesThere()
    {
        var sweep = One();
        for (var attempt = 1; attempt <= 6; attempt++)
        {
            sweep.Now += TimeSpan.FromMinutes(1);
            var a = sweep.Run();
            Assert.Equal(attempt == 1 ? null : new CheckpointRef($"c{attempt - 1}", 10 * (attempt - 1), "h", a.Fence - 1), a.Checkpoint);
            sweep.Apply(new CheckpointReported(a.Fence, $"c{attempt}", 10 * attempt, "h"));
            sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        }
        Assert.All(sweep.State.View(), v => Assert.Equal((TrialStatus.Pending, 6, 0), (v.Status, v.Attempts, v.Strikes)));
    }

    [Fact]
    public void Failed_AfterAnOldCheckpointAgain_IsAStrike()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new CheckpointReported(a.Fence, "c", 10, "h"));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        a = sweep.Run();
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new CheckpointReported(a.Fence, "c2", 10, "h")));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        Assert.Equal(1, sweep.State.View(0).Strikes);
    }

    [Fact]
    public void Failed_InTheMiddleOfEvaluation_AsksOnlyWhatIsMissing()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1)));
        sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("x")));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        a = sweep.Run();

        Assert.False(a.Members[0].Train);
        Assert.Equal("adapters/1", a.Members[0].Adapter!.Uri);
        Assert.Equal([1], a.Members[0].Trials.Select(t => t.Trial.Index));
        Assert.True(a.Members[1].Train);
        sweep.Finish(a);
        Assert.Equal([1L, 2L, 2L, 2L], sweep.State.View().Select(v => v.Fence));
    }

    [Fact]
    public void Refused_Start_IsNoAttemptAndQuarantinesTheSlotLongerEachTime()
    {
        var sweep = One();
        foreach (var seconds in (int[])[5, 10, 20, 40, 80, 160, 300, 300])
        {
            var a = Assert.Single(sweep.Drive("a/0"));
            sweep.Apply(new StartRefused("a/0", a.Fence, RefusalKind.Unavailable, "no such device"));
            sweep.Now += TimeSpan.FromSeconds(seconds - 1);
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Now += TimeSpan.FromSeconds(1);
        }
        Assert.Equal((0, 0), (sweep.State.View(0).Attempts, sweep.State.View(0).Strikes));
        sweep.Run();
        Assert.Empty(sweep.State.Header.Slots);
    }

    [Fact]
    public void Refused_BySlotThatKnowsANewerFence_IssuesNewerOnesFromThenOn()
    {
        var sweep = One();
        var a = Assert.Single(sweep.Drive("a/0"));
        sweep.Apply(new StartRefused("a/0", a.Fence, RefusalKind.Stale, "seen 41", 41));
        Assert.Equal(42, Assert.Single(sweep.Drive("a/0")).Fence);
    }

    [Fact]
    public void Refused_AfterTheSlotWasHeardOf_ChangesNothing()
    {
        var sweep = One();
        var a = Assert.Single(sweep.Drive("a/0"));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(a.Fence)));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new StartRefused("a/0", a.Fence, RefusalKind.Unavailable, "no answer")));
        Assert.Equal(TrialPhase.Training, sweep.State.View(0).Phase);
    }

    [Fact]
    public void Drive_LeaseNeverConfirmed_IsNoAttempt()
    {
        var sweep = One();
        Assert.Single(sweep.Drive("a/0"));
        sweep.Now += sweep.Options.Lease;
        Assert.Empty(sweep.Drive("a/0"));
        Assert.Equal(0, sweep.State.View(0).Attempts);
        Assert.Single(sweep.Drive("b/0"));
    }

    [Fact]
    public void Renewed_InTime_KeepsTheLease()
    {
        var sweep = One();
        var a = sweep.Run();
        for (var i = 0; i < 100; i++)
        {
            sweep.Now += TimeSpan.FromSeconds(50);
            Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(a.Fence)));
            Assert.Empty(sweep.Drive("a/0", "b/0"));
        }
        Assert.Equal(a.Fence, Assert.Single(sweep.State.Leases).Key);
    }

    [Fact]
    public void OutOfMemory_Once_HalvesTheMicroBatchAndDoublesAccumulation()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.OutOfMemory, "killed by the kernel"));
        var b = sweep.Run();
        Assert.Equal((a.Kernel.MicroBatchTokens / 2, 2), (b.Kernel.MicroBatchTokens, b.Kernel.AccumulationFactor));
        Assert.Equal((2, 0), (b.Attempt, sweep.State.View(0).Strikes));
    }

    [Fact]
    public void OutOfMemory_Twice_SplitsThePackAndThenFails()
    {
        var sweep = One();
        for (var i = 0; i < 2; i++) sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.OutOfMemory, "no memory"));
        var parts = sweep.Drive("a/0", "a/1");
        Assert.Equal([1, 1], parts.Select(p => p.Members.Count));
        Assert.All(parts, p => Assert.Null(p.Checkpoint));
        sweep.Apply(new StartAccepted("a/0", parts[0].Fence));
        sweep.Apply(new AssignmentFailed(parts[0].Fence, FailureKind.OutOfMemory, "no memory"));
        sweep.Finish(parts[1]);

        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
        Assert.Equal(new SweepCounts(4, 0, 0, 2, 2, 0), sweep.State.Count());
        Assert.True(sweep.State.View(3).Split);
        sweep.Restart();
        Assert.Equal(new SweepCounts(4, 0, 0, 2, 2, 0), sweep.State.Count());
    }

    [Theory]
    [InlineData(FailureKind.NonFinite)]
    [InlineData(FailureKind.Data)]
    public void Failed_ForAFinalReason_FailsAtOnce(FailureKind kind)
    {
        var sweep = One();
        sweep.Apply(new AssignmentFailed(sweep.Run().Fence, kind, "loss at step 7: lora_B of block 3"));
        Assert.All(sweep.State.View(), v => Assert.Equal(new Failure(kind, "loss at step 7: lora_B of block 3"), v.Failure));
        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
    }

    [Fact]
    public void MemberFailed_OneOfTwo_LeavesTheOther()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new MemberFailed(a.Fence, 1, FailureKind.NonFinite, "step 3"));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        a = sweep.Run();
        Assert.Equal([true, false], a.Members.Select(m => m.Train));
        Assert.Empty(a.Members[1].Trials);
        sweep.Finish(a);
        Assert.Equal(new SweepCounts(4, 0, 0, 2, 2, 0), sweep.State.Count());
    }

    [Fact]
    public void Preempted_CostsNothing()
    {
        var sweep = One();
        for (var i = 0; i < 10; i++) sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Preempted, "shutting down"));
        Assert.Equal(0, sweep.State.View(0).Strikes);
        sweep.Finish(sweep.Run());
        Assert.Equal(4, sweep.State.Count().Succeeded);
    }

    [Fact]
    public void Done_WithResultsMissing_CountsAsAFailure()
    {
        var sweep = One();
        sweep.Apply(new AssignmentDone(sweep.Run().Fence));
        Assert.Equal((TrialStatus.Pending, 1), (sweep.State.View(0).Status, sweep.State.View(0).Strikes));
    }

    [Fact]
    public void Cancel_StopsSlotsAndEndsEverything()
    {
        var sweep = new SweepHarness(OnePack, new PlanLimits { MaxMembers = 1 });
        var a = sweep.Run();
        sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1)));
        sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("x")));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new CancelRequested("enough")));

        Assert.Equal(a.Fence, Assert.Single(sweep.Effects.OfType<StopAssignment>()).Fence);
        Assert.Equal(new SweepCounts(4, 0, 0, 1, 0, 3), sweep.State.Count());
        Assert.Equal(Verdict.Stale, sweep.Apply(new ResultReported(a.Fence, 1, SweepHarness.Result("x"))));
        Assert.Empty(sweep.Drive("a/0", "a/1"));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new CancelRequested("enough")));
        Assert.Equal(SweepStatus.Cancelled, Assert.Single(sweep.Effects.OfType<Completed>()).Status);
    }

    [Fact]
    public void Resume_AfterCancel_GoesOnWithWhatIsMissing()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1)));
        sweep.Apply(new ResultReported(a.Fence, 0, SweepHarness.Result("x")));
        sweep.Apply(new CancelRequested("enough"));
        sweep.Restart();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResumeRequested(false)));
        a = sweep.Run();
        Assert.Equal([false, true], a.Members.Select(m => m.Train));
        sweep.Finish(a);
        Assert.Equal(4, sweep.State.Count().Succeeded);
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResumeRequested(true)));
    }

    [Fact]
    public void Resume_FailedMember_DoesNotGoOnFromACheckpointWithoutIt()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new CheckpointReported(a.Fence, "both", 10, "h"));
        sweep.Apply(new MemberFailed(a.Fence, 1, FailureKind.NonFinite, "step 12"));
        sweep.Apply(new CheckpointReported(a.Fence, "one", 20, "h"));
        sweep.Finish(a);
        Assert.Equal(new SweepCounts(4, 0, 0, 2, 2, 0), sweep.State.Count());

        sweep.Restart();
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResumeRequested(false)));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResumeRequested(true)));
        var again = sweep.Run();
        Assert.Null(again.Checkpoint);
        Assert.Equal([false, true], again.Members.Select(m => m.Train));
        Assert.Equal([0, 2], again.Members.Select(m => m.Trials.Count));
        sweep.Finish(again);
        Assert.Equal(4, sweep.State.Count().Succeeded);
    }

    [Fact]
    public void Failed_WithoutProgress_WaitsLongerEachTime()
    {
        var sweep = One();
        foreach (var pause in (TimeSpan[])[sweep.Options.RetryDelay, 2 * sweep.Options.RetryDelay])
        {
            sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Unknown, "killed"));
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Restart();
            sweep.Now += pause - TimeSpan.FromMilliseconds(1);
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Now += TimeSpan.FromMilliseconds(1);
        }
        Assert.Equal(3, Assert.Single(sweep.Drive("a/0")).Attempt);
    }

    [Fact]
    public void Restart_SlotThatStaysSilent_LosesThePackOnceItsLeaseLapses()
    {
        var sweep = One();
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
    public void Cache_KnownResults_NeedNoSlot()
    {
        var sweep = One();
        Assert.Equal(Verdict.Accepted, sweep.Apply(new AdapterFromCache(0, SweepHarness.Adapter(9))));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new ResultFromCache(0, SweepHarness.Result("x"))));
        var a = sweep.Run();
        Assert.Equal([1], a.Members[0].Trials.Select(t => t.Trial.Index));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new ResultFromCache(1, SweepHarness.Result("x"))));
        sweep.Finish(a);
        Assert.Equal([0L, 1L, 1L, 1L], sweep.State.View().Select(v => v.Fence));

        var all = One();
        for (var t = 0; t < 2; t++) all.Apply(new AdapterFromCache(t, SweepHarness.Adapter(9)));
        for (var t = 0; t < 4; t++) all.Apply(new ResultFromCache(t, SweepHarness.Result("x")));
        Assert.Equal(SweepStatus.Completed, all.State.Header.Status);
    }

    [Fact]
    public void Restart_SlotThatIsIdle_LosesThePackAtNoCost()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Apply(new CheckpointReported(a.Fence, "c", 5, "h"));
        sweep.Restart();
        var again = Assert.Single(sweep.Drive("a/0"));

        Assert.True(again.Fence > a.Fence);
        Assert.Equal("c", again.Checkpoint!.Uri);
        Assert.Equal(0, sweep.State.View(0).Strikes);
        Assert.Equal(Verdict.Stale, sweep.Apply(new LeaseRenewed(a.Fence)));
    }

    [Fact]
    public void Restart_SlotThatStillRuns_KeepsThePack()
    {
        var sweep = One();
        var a = sweep.Run();
        sweep.Restart();
        sweep.Now += TimeSpan.FromSeconds(30);
        sweep.Apply(new Drive([new SlotOffer("a/0", a.Fence)]));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(a.Fence)));
        sweep.Finish(a);
        Assert.Equal((4, 1), (sweep.State.Count().Succeeded, sweep.State.View(0).Attempts));
    }

    [Fact]
    public void Restart_HeaderOlderThanItsShards_NeverReusesAFence()
    {
        var sweep = One();
        var header = System.Text.Json.JsonSerializer.Serialize(sweep.State.Header);
        var fence = sweep.Run().Fence;
        var loaded = SweepState.Load(sweep.State.Origin, System.Text.Json.JsonSerializer.Deserialize<SweepHeader>(header)!, sweep.State.Shards, sweep.Options);
        Assert.True(loaded.Header.NextFence > fence);
    }

    [Fact]
    public void Load_SpecThatExpandsDifferently_IsRefused()
    {
        var sweep = One();
        var origin = System.Text.Json.JsonSerializer.Serialize(sweep.State.Origin).Replace("Think.", "Ponder.", StringComparison.Ordinal);
        Assert.Contains("other trials", Assert.Throws<SweepException>(() => SweepState.Load(System.Text.Json.JsonSerializer.Deserialize<SweepOrigin>(origin)!, sweep.State.Header, sweep.State.Shards, sweep.Options)).Message, StringComparison.Ordinal);
        Assert.Contains("0 of 1 parts", Assert.Throws<SweepException>(() => SweepState.Load(sweep.State.Origin, sweep.State.Header, [], sweep.Options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_NoEvaluations_SucceedsOnceTrained()
    {
        var sweep = new SweepHarness("name: s\nmodels: m\npeft: lora\ndata: d");
        var a = sweep.Run();
        sweep.Apply(new MemberTrained(a.Fence, 0, SweepHarness.Adapter(1)));
        sweep.Apply(new AssignmentDone(a.Fence));
        Assert.Equal(1, sweep.State.Count().Succeeded);
    }
}
