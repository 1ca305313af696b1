using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>How attempts of trainings end, and what that costs.</summary>
public sealed class AttemptsTests
{
    [Fact]
    public void Failed_ThreeTimesWithoutProgress_FailsTheTrials()
    {
        var sweep = Sweeps.One();
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
        var sweep = Sweeps.One();
        foreach (var pause in (TimeSpan[])[sweep.Options.RetryDelay, 2 * sweep.Options.RetryDelay])
        {
            sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Unknown, "the worker was killed"));
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Restart();
            sweep.Now += pause - TimeSpan.FromMilliseconds(1);
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Now += TimeSpan.FromMilliseconds(1);
        }
        Assert.Equal(3, sweep.Run().Attempt);
    }

    [Fact]
    public void Failed_AfterANewCheckpoint_IsNoStrikeAndResumesThere()
    {
        var sweep = Sweeps.One();
        for (var attempt = 1; attempt <= 6; attempt++)
        {
            sweep.Now += TimeSpan.FromMinutes(1);
            var a = sweep.RunPack();
            Assert.Equal(attempt == 1 ? null : new CheckpointReference($"c{attempt - 1}", 10 * (attempt - 1), "h"), a.Checkpoint);
            sweep.Apply(new CheckpointReported(a.Fence, $"c{attempt}", 10 * attempt, "h"));
            sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        }
        Assert.All(sweep.State.View(), v => Assert.Equal((TrialStatus.Pending, 6, 0), (v.Status, v.Attempts, v.Strikes)));
    }

    [Fact]
    public void Failed_AfterAnOldCheckpointAgain_IsAStrike()
    {
        var sweep = Sweeps.One();
        var a = sweep.Run();
        sweep.Apply(new CheckpointReported(a.Fence, "c", 10, "h"));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        a = sweep.Run();
        Assert.Equal(Verdict.Duplicate, sweep.Apply(new CheckpointReported(a.Fence, "c2", 10, "h")));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        Assert.Equal(1, sweep.State.View(0).Strikes);
    }

    [Fact]
    public void Failed_PassingFault_IsWaitedForAndIsNoStrike()
    {
        var sweep = Sweeps.One();
        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Transient, "no space left on device"));
            sweep.Now += TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1);
            Assert.Empty(sweep.Drive("a/0"));
            sweep.Now += TimeSpan.FromMilliseconds(1);
        }
        Assert.Equal(0, sweep.State.View(0).Strikes);
        sweep.FinishRest();
        Assert.Equal(4, sweep.State.Count().Succeeded);
    }

    [Fact]
    public void Failed_FaultThatNeverPasses_EndsTheTrialsAfterAQuarterOfAnHour()
    {
        var sweep = Sweeps.One();
        var ends = 0;
        for (; sweep.State.Header.Status == SweepStatus.Running; sweep.Now += TimeSpan.FromSeconds(1))
            if (sweep.Drive("a/0") is [var a])
            {
                sweep.Apply(new StartAccepted("a/0", a.Fence));
                sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Transient, "no space left on device"));
                ends++;
            }
        Assert.Equal(sweep.Options.MaxTransientEnds + 1, ends);
        Assert.InRange(sweep.Now - SweepHarness.Start, TimeSpan.FromMinutes(14), TimeSpan.FromMinutes(20));
        Assert.All(sweep.State.View(), v => Assert.Equal((TrialStatus.Failed, FailureKind.Transient), (v.Status, v.Failure!.Kind)));
    }

    [Fact]
    public void Failed_PassingFaultsWithProgressBetween_AreNotCountedTogether()
    {
        var sweep = Sweeps.One();
        for (var step = 1; step <= 3 * sweep.Options.MaxTransientEnds; step++)
        {
            var a = sweep.Run();
            sweep.Apply(new CheckpointReported(a.Fence, $"c{step}", step, "h"));
            sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Transient, "lost connection"));
            sweep.Now += TimeSpan.FromSeconds(1);
        }
        sweep.FinishRest();
        Assert.Equal(4, sweep.State.Count().Succeeded);
    }

    [Fact]
    public void OutOfMemory_Once_HalvesTheMicroBatchAndGoesOnFromTheCheckpoint()
    {
        var sweep = Sweeps.One();
        var a = sweep.RunPack();
        sweep.Apply(new CheckpointReported(a.Fence, "c", 10, "h"));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.OutOfMemory, "killed by the kernel"));
        var b = sweep.RunPack();
        Assert.Equal((a.Kernel.MicroBatchTokens / 2, 2), (b.Kernel.MicroBatchTokens, b.Kernel.AccumulationFactor));
        Assert.Equal(10, b.Checkpoint!.Step);
        Assert.Equal((2, 0), (b.Attempt, sweep.State.View(0).Strikes));
    }

    [Fact]
    public void OutOfMemory_Twice_SplitsThePackAndThenFails()
    {
        var sweep = Sweeps.One();
        for (var i = 1; i <= 2; i++)
        {
            var whole = sweep.RunPack();
            sweep.Apply(new CheckpointReported(whole.Fence, $"c{i}", i, "h"));
            sweep.Apply(new AssignmentFailed(whole.Fence, FailureKind.OutOfMemory, "no memory"));
        }
        var parts = sweep.Drive("a/0", "a/1").Cast<TrainingAssignment>().ToList();
        Assert.Equal([1, 1], parts.Select(p => p.Members.Count));
        Assert.All(parts, p => Assert.Equal("c2", p.Checkpoint!.Uri));
        sweep.Apply(new StartAccepted("a/0", parts[0].Fence));
        sweep.Apply(new AssignmentFailed(parts[0].Fence, FailureKind.OutOfMemory, "no memory"));
        sweep.Finish(parts[1]);
        sweep.FinishRest();

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
        var sweep = Sweeps.One();
        sweep.Apply(new AssignmentFailed(sweep.Run().Fence, kind, "loss at step 7: lora_B of block 3"));
        Assert.All(sweep.State.View(), v => Assert.Equal(new Failure(kind, "loss at step 7: lora_B of block 3"), v.Failure));
        Assert.Equal(SweepStatus.Completed, sweep.State.Header.Status);
    }

    [Fact]
    public void MemberFailed_OneOfTwo_LeavesTheOther()
    {
        var sweep = Sweeps.One();
        var a = sweep.RunPack();
        sweep.Apply(new MemberFailed(a.Fence, 1, FailureKind.NonFinite, "step 3"));
        sweep.Apply(new AssignmentFailed(a.Fence, FailureKind.Unknown, "killed"));
        a = sweep.RunPack();
        Assert.Equal([(0, true)], a.Members.Select(m => (m.Training.Index, m.Train)));
        sweep.Finish(a);
        sweep.FinishRest();
        Assert.Equal(new SweepCounts(4, 0, 0, 2, 2, 0), sweep.State.Count());
    }

    [Fact]
    public void Preempted_CostsNothing()
    {
        var sweep = Sweeps.One();
        for (var i = 0; i < 10; i++) sweep.Apply(new AssignmentFailed(sweep.Run().Fence, FailureKind.Preempted, "shutting down"));
        Assert.Equal(0, sweep.State.View(0).Strikes);
        sweep.FinishRest();
        Assert.Equal(4, sweep.State.Count().Succeeded);
    }

    [Fact]
    public void Done_WithAdaptersMissing_CountsAsAFailure()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new AssignmentDone(sweep.Run().Fence));
        Assert.Equal((TrialStatus.Pending, 1), (sweep.State.View(0).Status, sweep.State.View(0).Strikes));
    }
}
