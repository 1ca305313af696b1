using System.Text.Json;
using AlpacaCot.Experiments;
using AlpacaCot.Files;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Grains.Workers;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using Failed = AlpacaCot.Worker.Protocol.FailedEvent;
using Kind = AlpacaCot.Experiments.FailureKind;
using WorkerKind = AlpacaCot.Worker.Protocol.FailureKind;

namespace AlpacaCot.Tests.Grains;

/// <summary>Between the state machine and the worker's protocol, without either.</summary>
public sealed class MappingTests
{
    private const string Yaml = """
        name: s
        seeds: [3]
        models: [{ name: m, path: models/m, load: fp32 }]
        peft: [{ name: lora-r4, method: lora, r: 4, alpha: 8, targets: [q_proj] }]
        data: [{ name: d, sources: [goat], template: goat }]
        cot: [{ name: none }, { name: cue, cue: "Think." }]
        training: { max_steps: 7, checkpoint_steps: 2, batch_size: 4, cutoff_len: 64, learning_rate: 0.01 }
        decoding: { strategy: greedy, max_new_tokens: 9 }
        evaluation: [{ suite: goat-arithmetic, limit: 5 }]
        """;

    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static SweepState State() => SweepState.Create("s", SweepDocument.ParseValid(Yaml), SpecIdentities.None, new PlanLimits { Threads = 3, MicroBatchTokens = 100 }, new SchedulingOptions(), s_now);

    private static PackJob Job(SweepState state, SweepInput? before = null)
    {
        var start = SweepMachine.Apply(state, new Drive([new SlotOffer("here/cpu0")]), s_now).Effects.OfType<StartAssignment>().Single().Assignment;
        if (before is not null)
        {
            SweepMachine.Apply(state, new StartAccepted("here/cpu0", 1), s_now);
            SweepMachine.Apply(state, before, s_now);
            SweepMachine.Apply(state, new AssignmentFailed(1, Kind.Preempted, "again"), s_now);
            start = SweepMachine.Apply(state, new Drive([new SlotOffer("here/cpu0")]), s_now).Effects.OfType<StartAssignment>().Single().Assignment;
        }
        return PackJobs.Of(state, new SweepSubmission { Directory = "/h/experiments/e/s", BaseDirectory = "/spec" }, start, new HomeLayout("/h"));
    }

    [Fact]
    public void PackJob_HoldsWhatTheSweepSays()
    {
        var job = Job(State());
        Assert.Equal(new BaseModel("models/m", "fp32"), job.Base);
        Assert.Equal(("/h/experiments/e/s/pack-0/1", "/spec", 3, 100, 2), (job.Directory, job.BaseDirectory, job.Threads, job.MicroBatchTokens, job.CheckpointSteps));
        Assert.Null(job.Resume);
        var member = Assert.Single(job.Members);
        Assert.Equal((3, false, null), (member.Seed, member.Failed, member.TrainedAdapter));
        Assert.Equal(4, member.Method.Options["r"].GetInt32());
        Assert.Equal(0.01, member.Training.LearningRate);
        Assert.Equal(64, member.Training.CutoffLen);
        Assert.Equal("goat", member.Data.Template);
        Assert.Equal([null, "Think."], member.Trials.Select(t => t.Cue));
        Assert.All(member.Trials, t => Assert.Equal(9, t.Decoding.MaxNewTokens));
        Assert.All(member.Trials, t => Assert.Equal("goat-arithmetic", t.Evaluation[0].Name));
    }

    [Fact]
    public void PackJob_AfterACheckpoint_GoesOnFromItUnderTheNewFence()
    {
        var job = Job(State(), new CheckpointReported(1, "/h/c/step-4", 4, "ab"));
        Assert.Equal(new CheckpointReference("/h/c/step-4", 4, "ab"), job.Resume);
        Assert.EndsWith("/pack-0/2", job.Directory, StringComparison.Ordinal);
    }

    [Fact]
    public void PackJob_TrainedMember_AsksOnlyWhatIsMissing()
    {
        var state = State();
        var job = Job(state, new MemberTrained(1, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1, 100)));
        Assert.Equal("/a", Assert.Single(job.Members).TrainedAdapter);
        Assert.False(job.Members[0].Failed);
    }

    [Fact]
    public void PackNames_RoundTrip() => Assert.All([0, 7, 123], pack => Assert.Equal(pack, PackJobs.IndexOf(PackJobs.NameOf(pack))));

    [Theory]
    [InlineData(WorkerKind.OutOfMemory, Kind.OutOfMemory)]
    [InlineData(WorkerKind.Transient, Kind.Transient)]
    [InlineData(WorkerKind.NonFinite, Kind.NonFinite)]
    [InlineData(WorkerKind.Data, Kind.Data)]
    [InlineData(WorkerKind.Cancelled, Kind.Preempted)]
    [InlineData(WorkerKind.Unknown, Kind.Unknown)]
    public void News_Failure_KeepsItsKind(WorkerKind from, Kind to)
    {
        var news = new WorkerNews(State());
        Assert.Equal(new AssignmentFailed(5, to, "m"), news.InputOf(new Failed("pack-0", 5, from, "m"), "s"));
        Assert.Equal(new MemberFailed(5, 0, to, "m"), news.InputOf(new Failed("pack-0", 5, from, "m", State().Grid.Trainings[0].Name), "s"));
    }

    [Fact]
    public void News_EveryEvent_BecomesItsInput()
    {
        var state = State();
        var news = new WorkerNews(state);
        var (training, trial) = (state.Grid.Trainings[0].Name, state.Grid.Trials[1].Name);
        Assert.Equal(new StartAccepted("s", 5), news.InputOf(new StartedEvent("p", 5), "s"));
        Assert.Equal(new StartRefused("s", 5, RefusalKind.Unavailable, "no"), news.InputOf(new Failed("p", 5, WorkerKind.Unknown, SlotFailures.StartPrefix + "no"), "s"));
        Assert.Equal(new ProgressReported(5, 0, 3, 0.5, 10), news.InputOf(new ProgressEvent("p", 5, training, "train", 3, 7, 0.5, 10), "s"));
        Assert.Equal(new CheckpointReported(5, "u", 4, "ab"), news.InputOf(new CheckpointEvent("p", 5, "u", 4, "ab"), "s"));
        Assert.Equal(new MemberTrained(5, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1.5, 100)), news.InputOf(new TrainedEvent("p", 5, training, "/a", "ab", 7, 0.5, 1.5, 100), "s"));
        var result = Assert.IsType<ResultReported>(news.InputOf(new ResultEvent("p", 5, trial, "goat-arithmetic", new Dictionary<string, double> { ["x"] = 1 }, 5, "/r", 2, PromptsCut: 3), "s"));
        Assert.Equal((5, 1, "goat-arithmetic", 5, "/r", 3), (result.Fence, result.Trial, result.Result.Evaluation, result.Result.Items, result.Result.Uri, result.Result.PromptsCut));
        Assert.Equal(new AssignmentDone(5), news.InputOf(new DoneEvent("p", 5, 1, 1), "s"));
        foreach (var quiet in (WorkerEvent[])[new ProgressEvent("p", 5, null, "load", 0, 1), new ProgressEvent("p", 5, "x", "train", 1, 2, 0.1), new HelloEvent(1, 1), new TrainedEvent("p", 5, "x", "", "", 0, 0, 0, 0)])
            Assert.Null(news.InputOf(quiet, "s"));
    }

    [Fact]
    public void News_ReadsWhatSlotsWrite()
        => Assert.Equal(new StartedEvent("p", 5), WorkerNews.Read(JsonSerializer.Serialize<WorkerEvent>(new StartedEvent("p", 5), Frames.Json)));

    [Fact]
    public void NewsRing_SlowWatcher_SeesAJump()
    {
        var ring = new NewsRing();
        var arrived = ring.Arrived;
        for (var seq = 1; seq <= 5000; seq++) ring.Add(new SweepEvent(seq, s_now, SweepEventKind.Progress, "x") { Pack = 2 });
        Assert.True(arrived.IsCompleted);
        Assert.False(ring.Arrived.IsCompleted);
        var news = ring.After(10);
        Assert.Equal((4096, 905, 5000), (news.Count, news[0].Sequence, news[^1].Sequence));
        Assert.Equal("pack-2", news[0].Subject);
        Assert.Equal(2, ring.After(4998).Count);
    }
}
