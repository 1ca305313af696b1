using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Who gets which work, and for how long.</summary>
public sealed class LeasingTests
{
    [Fact]
    public void Drive_IdleSlot_WritesTheLeaseBeforeItStartsTheWork()
    {
        var sweep = Sweeps.One();
        _ = sweep.State.CollectChanges();
        var outcome = SweepMachine.Apply(sweep.State, new Drive([new SlotOffer("a/0")]), sweep.Now);

        Assert.True(Assert.IsType<Persist>(outcome.Effects[0]).BeforeOthers);
        var assignment = Assert.IsType<TrainingAssignment>(Assert.Single(outcome.Effects.OfType<StartAssignment>()).Assignment);
        Assert.Equal((1L, "a/0", "pack-0", 1, 2), (assignment.Fence, assignment.Slot, assignment.Name, assignment.Attempt, assignment.Members.Count));
        Assert.All(assignment.Members, m => Assert.True(m.Train));
        var (header, shards) = sweep.State.CollectChanges();
        Assert.True(header);
        Assert.Equal(PackStatus.Leased, Assert.Single(Assert.Single(shards).Packs).Status);
    }

    [Fact]
    public void Drive_LaterLease_IsWrittenBeforeTheWorkStartsToo()
    {
        var sweep = Sweeps.Two();
        Assert.Single(sweep.Drive("a/0"));
        var outcome = SweepMachine.Apply(sweep.State, new Drive([new SlotOffer("a/0", 1), new SlotOffer("a/1")]), sweep.Now);

        Assert.Single(outcome.Effects.OfType<StartAssignment>());
        Assert.True(Assert.IsType<Persist>(outcome.Effects[0]).BeforeOthers);
    }

    [Fact]
    public void Drive_SlotThatHasWork_GetsNoMore()
    {
        var sweep = Sweeps.Two();
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
    public void Drive_WorkOfAnotherBaseComesFirst_SlotStaysWithItsOwn()
    {
        var sweep = new SweepHarness("name: s\nmodels: [m/a, m/b]\npeft: [lora, ia3]\ndata: d", new PlanLimits { MaxMembers = 1 });
        var first = sweep.Drive("s/0", "s/1", "s/2");
        // A pack of the first base waits again, in front of the second base's last one.
        SweepMachine.Apply(sweep.State, new AssignmentFailed(first[0].Fence, FailureKind.Preempted, "needed"), sweep.Now);
        sweep.Finish(first[2]);

        Assert.Equal("b", Assert.Single(sweep.Drive("s/2")).Model);
    }

    [Fact]
    public void Drive_SeveralIdleSlots_TheOneThatHasTheBaseLoadedEvaluates()
    {
        var sweep = new SweepHarness("name: s\nmodels: [m/a, m/b]\npeft: lora\ndata: d\nbase: false\nevaluation: x");
        var packs = sweep.Drive("s/0", "s/1");
        Assert.Equal([("s/0", "a"), ("s/1", "b")], packs.Select(p => (p.Slot, p.Model)));
        sweep.Finish(packs[1]);
        // The idle slot that comes first has nothing loaded.
        Assert.Equal(("s/1", "b", "evaluation-0"), Assert.Single(sweep.Drive("r/0", "s/1")) is var a ? (a.Slot, a.Model, a.Name) : default);
    }

    [Fact]
    public void Drive_OnlySlotsWithoutTheBase_EvaluateAllTheSame()
    {
        var sweep = Sweeps.One();
        sweep.Finish(sweep.RunPack());
        sweep.RunEvaluation("b/0");
    }

    [Fact]
    public void Drive_SlotThatFailed_HasNoBaseLoadedAnyMore()
    {
        var sweep = new SweepHarness("name: s\nmodels: [m/a, m/b]\npeft: [lora, ia3]\ndata: d", new PlanLimits { MaxMembers = 1 });
        var first = sweep.Drive("s/0", "s/1", "s/2");
        sweep.Apply(new AssignmentFailed(first[2].Fence, FailureKind.Preempted, "its worker was ended"));
        // The lowest number first: b's packs are 2 and 3.
        sweep.Finish(first[0]);
        sweep.Apply(new AssignmentFailed(first[1].Fence, FailureKind.Preempted, "its worker was ended"));
        Assert.Equal("a", Assert.Single(sweep.Drive("s/2")).Model);
    }

    [Fact]
    public void Refused_Start_IsNoAttemptAndQuarantinesTheSlotLongerEachTime()
    {
        var sweep = Sweeps.One();
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
        var sweep = Sweeps.One();
        var a = Assert.Single(sweep.Drive("a/0"));
        sweep.Apply(new StartRefused("a/0", a.Fence, RefusalKind.Stale, "seen 41", 41));
        Assert.Equal(42, Assert.Single(sweep.Drive("a/0")).Fence);
    }

    [Fact]
    public void Refused_AfterTheSlotWasHeardOf_ChangesNothing()
    {
        var sweep = Sweeps.One();
        var a = Assert.Single(sweep.Drive("a/0"));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(a.Fence)));
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new StartRefused("a/0", a.Fence, RefusalKind.Unavailable, "no answer")));
        Assert.Equal(TrialPhase.Training, sweep.State.View(0).Phase);
    }

    [Fact]
    public void Drive_LeaseNeverConfirmed_IsNoAttempt()
    {
        var sweep = Sweeps.One();
        Assert.Single(sweep.Drive("a/0"));
        sweep.Now += sweep.Options.Lease;
        Assert.Empty(sweep.Drive("a/0"));
        Assert.Equal(0, sweep.State.View(0).Attempts);
        Assert.Single(sweep.Drive("b/0"));
    }

    [Fact]
    public void Renewed_InTime_KeepsTheLease()
    {
        var sweep = Sweeps.One();
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
    public void Lost_Slot_GivesItsPackToAnotherAtOnce_AndIsNoStrike()
    {
        var sweep = Sweeps.Two();
        var (gone, stays) = (sweep.RunPack("a/0"), sweep.RunPack("b/0"));
        sweep.Apply(new CheckpointReported(gone.Fence, "c", 10, "h"));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new SlotLost("a/0")));
        Assert.Equal(Verdict.Stale, sweep.Apply(new LeaseRenewed(gone.Fence)));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new LeaseRenewed(stays.Fence)));
        var again = sweep.RunPack("c/0");
        Assert.Equal((gone.Pack, 10), (again.Pack, again.Checkpoint!.Step));
        Assert.True(again.Fence > stays.Fence);
        Assert.All(sweep.State.View(), view => Assert.Equal(0, view.Strikes));
        Assert.Equal(Verdict.Accepted, sweep.Apply(new SlotLost("unheard-of/0")));
    }

    [Fact]
    public void Refused_BusySlot_IsLeftAloneUntilItTellsItsEnd()
    {
        var sweep = Sweeps.One();
        var assignment = Assert.Single(sweep.Drive("a/0"));
        sweep.Apply(new StartRefused("a/0", assignment.Fence, RefusalKind.Busy, "busy"));
        sweep.Now += TimeSpan.FromSeconds(40);
        Assert.Empty(sweep.Drive("a/0"));
        sweep.Apply(new SlotFreed("a/1"));
        Assert.Empty(sweep.Drive("a/0"));
        sweep.Apply(new SlotFreed("a/0"));
        Assert.Equal(assignment.Fence + 1, Assert.Single(sweep.Drive("a/0")).Fence);
    }

    [Fact]
    public void Refused_BusySlotThatNeverTells_IsTriedAgainAfterItsPause()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new StartRefused("a/0", Assert.Single(sweep.Drive("a/0")).Fence, RefusalKind.Busy, "busy"));
        sweep.Now += sweep.Options.BusyPause;
        Assert.Single(sweep.Drive("a/0"));
    }

    [Fact]
    public void Freed_SlotThatCouldNotStart_StaysInItsQuarantine()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new StartRefused("a/0", Assert.Single(sweep.Drive("a/0")).Fence, RefusalKind.Unavailable, "no such device"));
        sweep.Apply(new SlotFreed("a/0"));
        Assert.Empty(sweep.Drive("a/0"));
    }

    /// <summary>The machine's clock was an hour ahead when the pauses were written, and is right when the record is read again.</summary>
    [Fact]
    public void Recovered_AfterTheClockWasSetBack_PausesAreNoLongerThanAnyPause()
    {
        var sweep = Sweeps.One();
        sweep.Now += TimeSpan.FromHours(1);
        var pack = sweep.RunPack();
        sweep.Apply(new AssignmentFailed(pack.Fence, FailureKind.Transient, "the disk is full"));
        sweep.Now -= TimeSpan.FromHours(1);
        sweep.Apply(new Recovered());
        Assert.Empty(sweep.Drive("a/0"));
        sweep.Now += sweep.Options.LongestRetryDelay;
        Assert.Single(sweep.Drive("a/0"));
    }
}
