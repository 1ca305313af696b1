using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Several misfortunes of one pack together, each of which must stay as small as it is alone.</summary>
public sealed class TroubledPackTests
{
    private const string Slot = "a/0";

    /// <summary>One pack of three members, each asked two suites.</summary>
    private const string Yaml = """
        name: s
        seeds: [0, 1, 2]
        models: m
        peft: [lora]
        data: alpaca
        base: false
        evaluation: [x, y]
        """;

    private readonly SweepHarness _sweep = new(Yaml);
    private readonly List<(long Fence, long Step)> _steps = [];
    private readonly List<(int Trial, string Evaluation)> _asked = [];

    /// <summary>
    /// The disk is full for 20 s while the first checkpoint is to be written; the worker is killed by memory after it; one suite cannot be run for one of the trials, and the disk is full once more while
    /// the others' results are written; the owner of the record is restarted after each.
    /// </summary>
    [Fact]
    public void Pack_FullDisk_NoMemory_AndASuiteThatCannotRun_LosesOneEvaluationAndTrainsNothingTwice()
    {
        // Full for 20 s: each attempt ends at its first checkpoint, and counts for nothing.
        var fullUntil = _sweep.Now + TimeSpan.FromSeconds(20);
        TrainingAssignment pack;
        var full = 0;
        while (true)
        {
            pack = Assert.IsType<TrainingAssignment>(Next());
            Assert.Null(pack.Checkpoint);
            Assert.Equal(3, pack.Members.Count(m => m.Train));
            if (_sweep.Now >= fullUntil) break;
            Train(pack, to: 5);
            Fail(pack, FailureKind.Transient, "no space left on device");
            full++;
        }
        Assert.InRange(full, 3, 6);
        var whole = pack.Kernel;

        // There is room again: a checkpoint, and then the kernel kills the worker.
        Train(pack, to: 10);
        _sweep.Apply(new CheckpointReported(pack.Fence, $"{pack.Fence}/step-10", 10, "ab"));
        Train(pack, to: 13);
        Fail(pack, FailureKind.OutOfMemory, "killed by memory");

        // Once more at half the micro-batch, from the checkpoint, in the same composition.
        var halved = Assert.IsType<TrainingAssignment>(Next());
        Assert.Equal(new CheckpointReference($"{pack.Fence}/step-10", 10, "ab"), halved.Checkpoint);
        Assert.Equal((whole.MicroBatchTokens / 2, 2), (halved.Kernel.MicroBatchTokens, halved.Kernel.AccumulationFactor));
        Assert.Equal(pack.Members.Select(m => m.Training.Index), halved.Members.Select(m => m.Training.Index));
        Train(halved, to: 30);
        _sweep.Finish(halved);
        _sweep.Restart();

        // The suite y cannot be run for the second trial; the disk is full again before the third is told.
        var evaluation = Assert.IsType<EvaluationAssignment>(Next());
        Assert.Equal(6, SweepHarness.AskedOf(evaluation).Count);
        foreach (var (trial, name) in SweepHarness.AskedOf(evaluation).Where(asked => asked.Trial < 2))
            if ((trial, name) == (1, "y")) _sweep.Apply(new EvaluationFailed(evaluation.Fence, trial, name, FailureKind.Data, "the file is not there"));
            else Answer(evaluation, trial, name);
        Fail(evaluation, FailureKind.Transient, "no space left on device");
        var rest = Assert.IsType<EvaluationAssignment>(Next());
        Assert.Equal([(2, "x"), (2, "y")], SweepHarness.AskedOf(rest));
        foreach (var (trial, name) in SweepHarness.AskedOf(rest)) Answer(rest, trial, name);
        _sweep.Apply(new AssignmentDone(rest.Fence));

        Assert.Equal(SweepStatus.Completed, _sweep.State.Header.Status);
        var views = _sweep.State.View();
        Assert.Equal([["x", "y"], ["x"], ["x", "y"]], views.Select(v => v.Results.Select(r => r.Evaluation)));
        Assert.Equal(new EvaluationFailure("y", FailureKind.Data, "the file is not there"), Assert.Single(views.SelectMany(v => v.Failures)));
        Assert.Equal([TrialStatus.Succeeded, TrialStatus.Failed, TrialStatus.Succeeded], views.Select(v => v.Status));
        Assert.All(views, v => Assert.Equal((0, halved.Fence), (v.Strikes, v.Adapter!.Fence)));
        // No step behind an accepted checkpoint was taken again, and nothing was asked twice.
        Assert.Equal(Enumerable.Range(11, 20).Select(step => (long)step), _steps.Where(step => step.Fence == halved.Fence).Select(step => step.Step));
        Assert.DoesNotContain(_sweep.Effects.OfType<StartAssignment>().Select(start => start.Assignment).OfType<TrainingAssignment>(), again => again.Fence > halved.Fence);
        Assert.Equal(_asked.Distinct(), _asked);
        Assert.Equal(5, _asked.Count);
    }

    /// <summary>What the slot is given, as soon as it is given something; the clock goes on a second at a time.</summary>
    private Assignment Next()
    {
        for (var wait = 0; wait < 600; wait++)
        {
            if (_sweep.Drive(Slot) is [var given])
            {
                Assert.Equal(Verdict.Accepted, _sweep.Apply(new StartAccepted(Slot, given.Fence)));
                return given;
            }
            _sweep.Now += TimeSpan.FromSeconds(1);
        }
        throw new TimeoutException("nothing is given out for ten minutes");
    }

    private void Train(TrainingAssignment pack, int to)
    {
        var from = _steps.Where(step => step.Fence == pack.Fence).Select(step => step.Step).DefaultIfEmpty(pack.Checkpoint?.Step ?? 0).Max();
        for (var step = from + 1; step <= to; step++)
        {
            _steps.Add((pack.Fence, step));
            foreach (var member in pack.Members) _sweep.Apply(new ProgressReported(pack.Fence, member.Training.Index, (int)step, 1.0 / step, 100));
        }
    }

    private void Answer(EvaluationAssignment evaluation, int trial, string name)
    {
        _asked.Add((trial, name));
        Assert.Equal(Verdict.Accepted, _sweep.Apply(new ResultReported(evaluation.Fence, trial, SweepHarness.Result(name))));
    }

    private void Fail(Assignment assignment, FailureKind kind, string message)
    {
        Assert.Equal(Verdict.Accepted, _sweep.Apply(new AssignmentFailed(assignment.Fence, kind, message)));
        _sweep.Restart();
    }
}
