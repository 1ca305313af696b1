using System.Threading.Channels;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>How much of a job's progress is told.</summary>
public sealed class JobContextTests
{
    [Fact]
    public void Progress_ManyStepsInAMoment_TellsTheFirstAndTheLastOfEachMember()
    {
        var told = new List<ProgressEvent>();
        var time = new StandingTime();
        var context = new JobContext("pack-0", 7, news => told.Add((ProgressEvent)news), Channel.CreateUnbounded<WorkerCommand>().Reader, time, new WorkerState(), CancellationToken.None);
        for (var step = 1; step <= 5; step++)
            foreach (var member in (string[])["a", "b"]) context.Progress("train", step, 5, member, loss: 0.5 / step);
        Assert.Equal([("a", 1L), ("b", 1L), ("a", 5L), ("b", 5L)], told.Select(e => (e.Member!, e.Step)));
        Assert.All(told, e => Assert.Equal(("pack-0", 7L, "train", 5L, 0.5 / e.Step), (e.Assignment, e.Fence, e.Phase, e.Total, e.Loss!.Value)));
        context.Progress("evaluate", 1, 9);
        context.Progress("evaluate", 2, 9);
        time.Now += TimeSpan.TicksPerSecond;
        context.Progress("evaluate", 3, 9);
        Assert.Equal([1L, 3L], told.Where(e => e.Phase == "evaluate").Select(e => e.Step));
    }

    [Fact]
    public void Beat_ManyPiecesInAMoment_TellsOnceASecond_AndEachChangeOfThePhase()
    {
        var told = new List<HeartbeatEvent>();
        var time = new StandingTime();
        var context = new JobContext("pack-0", 7, news => told.Add((HeartbeatEvent)news), Channel.CreateUnbounded<WorkerCommand>().Reader, time, new WorkerState(), CancellationToken.None);
        for (var n = 0; n < 3; n++) context.Beat(WorkPhases.Train);
        context.Beat(WorkPhases.Save);
        context.Beat(WorkPhases.Train);
        time.Now += TimeSpan.TicksPerSecond;
        context.Beat(WorkPhases.Train);
        context.Beat(WorkPhases.Train);
        Assert.Equal([WorkPhases.Train, WorkPhases.Save, WorkPhases.Train, WorkPhases.Train], told.Select(beat => beat.Phase));
        Assert.All(told, beat => Assert.Equal(("pack-0", 7L), (beat.Assignment, beat.Fence)));
    }

    private sealed class StandingTime : TimeProvider
    {
        public long Now { get; set; } = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
