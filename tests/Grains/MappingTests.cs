using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Grains.Workers;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Validation;
using Failed = AlpacaCot.Worker.Protocol.FailedEvent;

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
        base: false
        training: { max_steps: 7, checkpoint_steps: 2, batch_size: 4, cutoff_len: 64, learning_rate: 0.01 }
        decoding: { strategy: sample, max_new_tokens: 9, temperature: 0.7, top_k: 5, top_p: 0.9 }
        evaluation: [{ suite: goat-arithmetic, limit: 5 }]
        """;

    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static SweepState State(SpecFacts? facts = null, string yaml = Yaml)
    {
        var spec = SweepDocument.ParseValid(yaml);
        return SweepState.Create(
            "s", spec, facts is null ? SpecIdentities.None : SpecValidator.Identities(spec, facts), new PlanLimits { Threads = 3, MicroBatchTokens = 100 }, new SchedulingOptions(), s_now, facts);
    }

    private static Assignment Next(SweepState state, string slot)
    {
        var assignment = SweepMachine.Apply(state, new Drive([new SlotOffer(slot)]), s_now).Effects.OfType<StartAssignment>().Single().Assignment;
        SweepMachine.Apply(state, new StartAccepted(slot, assignment.Fence), s_now);
        return assignment;
    }

    private static WorkerJob Job(SweepState state, string slot = "here/cpu0")
        => AssignmentJobs.Of("e/s", state, new SweepSubmission { Directory = "/h/experiments/e/s", BaseDirectory = "/spec" }, Next(state, slot), new HomeLayout("/h"));

    private static void Report(SweepState state, params SweepInput[] reports)
    {
        foreach (var report in reports) SweepMachine.Apply(state, report, s_now);
    }

    [Fact]
    public void TrainJob_HoldsWhatTheSweepSays()
    {
        var job = Assert.IsType<TrainJob>(Job(State()));
        Assert.Equal(new BaseModel("models/m", "fp32"), job.Base);
        Assert.Equal(("/h/experiments/e/s/pack-0/1", "/spec", 3, 100, 2), (job.Directory, job.BaseDirectory, job.Threads, job.MicroBatchTokens, job.CheckpointSteps));
        Assert.Null(job.Resume);
        var member = Assert.Single(job.Members);
        Assert.Equal((3, false), (member.Seed, member.Trained));
        Assert.Equal(("lora-r4", 4), (member.Method.Name, member.Method.Options["r"].GetInt32()));
        Assert.Equal((0.01, 64), (member.Training.LearningRate, member.Training.CutoffLen));
        Assert.Equal("goat", member.Data.Template);
    }

    [Fact]
    public void TrainJob_AfterACheckpoint_GoesOnFromItUnderTheNewFence()
    {
        var state = State();
        _ = Job(state);
        Report(state, new CheckpointReported(1, "/h/c/step-4", 4, "ab"), new AssignmentFailed(1, FailureKind.OutOfMemory, "again"));
        var job = Assert.IsType<TrainJob>(Job(state));
        Assert.Equal(new CheckpointReference("/h/c/step-4", 4, "ab"), job.Resume);
        Assert.EndsWith("/pack-0/2", job.Directory, StringComparison.Ordinal);
        Assert.Equal(50, job.MicroBatchTokens);
    }

    [Fact]
    public void TrainJob_MemberThatIsTrained_TakesItsStepsAgainAndIsNotReported()
    {
        var state = State(yaml: Yaml.Replace("targets: [q_proj] }]", "targets: [q_proj] }, ia3]", StringComparison.Ordinal));
        Assert.Equal([false, false], Assert.IsType<TrainJob>(Job(state)).Members.Select(m => m.Trained));
        Report(state, new MemberTrained(1, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1, 100)), new CheckpointReported(1, "/h/c/step-4", 4, "ab"), new AssignmentFailed(1, FailureKind.Preempted, "again"));
        Assert.Equal([true, false], Assert.IsType<TrainJob>(Job(state)).Members.Select(m => m.Trained));
    }

    [Fact]
    public void EvaluateJob_TrialWithSomeResults_AsksTheOthersAlone()
    {
        var state = State(yaml: Yaml.Replace("limit: 5 }]", "limit: 5 }, { name: more, suite: goat-arithmetic, limit: 6 }]", StringComparison.Ordinal));
        _ = Job(state);
        Report(state, new MemberTrained(1, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1, 100)), new AssignmentDone(1));
        _ = Job(state);
        Report(state, new ResultReported(2, 0, new EvaluationResult("goat-arithmetic", new Dictionary<string, double>(), 5, 1, null)), new AssignmentFailed(2, FailureKind.Preempted, "again"));
        var trials = Assert.IsType<EvaluateJob>(Job(state)).Members.SelectMany(m => m.Trials).ToDictionary(t => t.Name, t => t.Evaluation.Select(e => e.Name));
        Assert.Equal(["more"], trials[state.Grid.Trials[0].Name]);
        Assert.Equal(["goat-arithmetic", "more"], trials[state.Grid.Trials[1].Name]);
    }

    [Fact]
    public void Jobs_ContentIsKnown_HoldFilesAndSharedKeys_OtherwiseNone()
    {
        var (weights, rows) = (new FileStamp("/m/w", 1, 2, "ab"), new FileStamp("/d/r", 3, 4, "cd"));
        var facts = new SpecFacts
        {
            Files = [new ReferencedFiles(ReferencedFiles.Model, "m", [weights]), new ReferencedFiles(ReferencedFiles.Data, "d", [rows])], Suites = [new SuiteFacts { Name = "goat-arithmetic", ContentHash = "ef" }],
        };
        var state = State(facts);
        var train = Assert.IsType<TrainJob>(Job(state));
        Assert.Equal("e/s", train.Sweep);
        Assert.Equal([weights], train.BaseFiles);
        Assert.Equal([rows], train.Members[0].DataFiles);
        Assert.Equal(state.Grid.Trainings[0].Key, train.Members[0].SharedKey);
        Report(state, new MemberTrained(1, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1, 100)), new AssignmentDone(1));
        var evaluate = Assert.IsType<EvaluateJob>(Job(state));
        Assert.Equal([weights], evaluate.BaseFiles);
        Assert.Equal("ef", evaluate.SuiteContent["goat-arithmetic"]);
        Assert.Equal(state.Grid.Trials.Select(t => t.ResultKeys["goat-arithmetic"]), evaluate.Members[0].Trials.Select(t => t.SharedKeys["goat-arithmetic"]));
        Assert.Null(Assert.IsType<TrainJob>(Job(State())).Members[0].SharedKey);
        Assert.Null(Assert.IsType<TrainJob>(Job(State(facts with { Files = [facts.Files[0]] }))).Members[0].SharedKey);
        Assert.Empty(State(facts with { Suites = [] }).SharedResults());
    }

    [Fact]
    public void EvaluateJob_HoldsWhatIsMissing()
    {
        var state = State();
        _ = Job(state);
        Report(state, new MemberTrained(1, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1, 100)), new AssignmentDone(1));
        var job = Assert.IsType<EvaluateJob>(Job(state));
        Assert.Equal((new BaseModel("models/m", "fp32"), "/h/experiments/e/s/evaluation-0/2", "/spec", 3, 1), (job.Base, job.Directory, job.BaseDirectory, job.Threads, job.MemoryDivisor));
        var member = Assert.Single(job.Members);
        Assert.Equal((state.Grid.Trainings[0].Name, "/a"), (member.Name, member.Adapter));
        Assert.Equal([null, "Think."], member.Trials.Select(t => t.Cue));
        Assert.All(member.Trials, t => Assert.Equal((9, "sample", 0.7, 5, 0.9, 3L), (t.Decoding.MaxNewTokens, t.Decoding.Strategy, t.Decoding.Temperature, t.Decoding.TopK, t.Decoding.TopP, t.Seed)));
        Assert.All(member.Trials, t => Assert.Equal("goat-arithmetic", t.Evaluation[0].Name));

        Report(state, new ResultReported(2, 0, new EvaluationResult("goat-arithmetic", new Dictionary<string, double>(), 5, 1, null)), new AssignmentFailed(2, FailureKind.OutOfMemory, "again"));
        var rest = Assert.IsType<EvaluateJob>(Job(state));
        Assert.Equal([state.Grid.Trials[1].Name], rest.Members.SelectMany(m => m.Trials).Select(t => t.Name));
        Assert.Equal((2, "/h/experiments/e/s/evaluation-0/3"), (rest.MemoryDivisor, rest.Directory));
    }

    [Fact]
    public void EvaluateJob_UntunedBase_HasNoAdapterAndNamesTheTemplate()
    {
        var facts = new SpecFacts { Files = [new ReferencedFiles(ReferencedFiles.Model, "m", [])], Suites = [new SuiteFacts { Name = "goat-arithmetic", ContentHash = "ef" }] };
        var state = State(facts, Yaml.Replace("base: false", "base: true", StringComparison.Ordinal));
        var job = Assert.IsType<EvaluateJob>(((WorkerJob[])[Job(state), Job(state, "here/cpu1")])[1]);
        var member = Assert.Single(job.Members);
        Assert.Equal(("m", null), (member.Name, member.Adapter));
        Assert.Equal(["m+base+none+s3", "m+base+cue+s3"], member.Trials.Select(t => t.Name));
        Assert.Equal([null, "Think."], member.Trials.Select(t => t.Cue));
        Assert.All(member.Trials, t => Assert.Equal(("goat", 3L, "sample"), (t.Template, t.Seed, t.Decoding.Strategy)));
        Assert.Equal(state.Grid.Trials.Where(t => t.IsUntuned).Select(t => t.ResultKeys["goat-arithmetic"]), member.Trials.Select(t => t.SharedKeys["goat-arithmetic"]));
    }

    [Fact]
    public void TrainJob_MatchedMix_ComesWithTheOthersAndTheirFiles()
    {
        var (mine, others) = (new FileStamp("/d/mine", 1, 2, "ab"), new FileStamp("/d/others", 3, 4, "cd"));
        var state = State(
            new SpecFacts { Files = [new ReferencedFiles(ReferencedFiles.Data, "d", [mine]), new ReferencedFiles(ReferencedFiles.Data, "e", [others])] },
            Yaml.Replace("template: goat }", "template: goat, match: rows }, { name: e, sources: [alpaca], cot: answer, match: rows }, { name: f, sources: [alpaca] }", StringComparison.Ordinal));
        var members = Assert.IsType<TrainJob>(Job(state)).Members.ToDictionary(m => m.Data.Name);
        Assert.Equal(["e"], members["d"].Matched.Select(m => m.Name));
        Assert.Equal(("alpaca", RationaleUse.Answer), (members["d"].Matched[0].Template, members["d"].Matched[0].Cot));
        Assert.Equal([mine, others], members["d"].DataFiles);
        Assert.Equal(["d"], members["e"].Matched.Select(m => m.Name));
        Assert.Empty(members["f"].Matched);
    }

    [Theory]
    [InlineData(FailureKind.OutOfMemory, FailureKind.OutOfMemory)]
    [InlineData(FailureKind.Transient, FailureKind.Transient)]
    [InlineData(FailureKind.NonFinite, FailureKind.NonFinite)]
    [InlineData(FailureKind.Data, FailureKind.Data)]
    [InlineData(FailureKind.Cancelled, FailureKind.Preempted)]
    [InlineData(FailureKind.Unknown, FailureKind.Unknown)]
    public void News_Failure_KeepsItsKind(FailureKind from, FailureKind to)
    {
        var news = new WorkerReports(State());
        Assert.Equal(new AssignmentFailed(5, to, "m"), news.InputOf(new Failed("pack-0", 5, from, "m"), "s"));
        Assert.Equal(new MemberFailed(5, 0, to, "m"), news.InputOf(new Failed("pack-0", 5, from, "m", State().Grid.Trainings[0].Name), "s"));
    }

    [Fact]
    public void News_EveryEvent_BecomesItsInput()
    {
        var state = State();
        var news = new WorkerReports(state);
        var (training, trial) = (state.Grid.Trainings[0].Name, state.Grid.Trials[1].Name);
        Assert.Equal(new StartAccepted("s", 5), news.InputOf(new StartedEvent("p", 5), "s"));
        Assert.Equal(new StartRefused("s", 5, RefusalKind.Unavailable, "no"), news.InputOf(new Failed("p", 5, FailureKind.Unknown, SlotFailures.StartPrefix + "no"), "s"));
        Assert.Equal(new ProgressReported(5, 0, 3, 0.5, 10), news.InputOf(new ProgressEvent("p", 5, training, "train", 3, 7, 0.5, 10), "s"));
        Assert.Equal(new CheckpointReported(5, "u", 4, "ab"), news.InputOf(new CheckpointEvent("p", 5, "u", 4, "ab"), "s"));
        Assert.Equal(new MemberTrained(5, 0, new TrainedAdapter("/a", "ab", 7, 0.5, 1.5, 100)), news.InputOf(new TrainedEvent("p", 5, training, "/a", "ab", 7, 0.5, 1.5, 100), "s"));
        var result = Assert.IsType<ResultReported>(news.InputOf(new ResultEvent("p", 5, trial, "goat-arithmetic", new Dictionary<string, double> { ["x"] = 1 }, 5, "/r", 2, PromptsCut: 3), "s"));
        Assert.Equal((5, 1, "goat-arithmetic", 5, "/r", 3), (result.Fence, result.Trial, result.Result.Evaluation, result.Result.Items, result.Result.Uri, result.Result.PromptsCut));
        Assert.Equal(new EvaluationFailed(5, 1, "goat-arithmetic", FailureKind.Data, "m"), news.InputOf(new EvaluationFailedEvent("p", 5, trial, "goat-arithmetic", FailureKind.Data, "m"), "s"));
        Assert.Equal(new AssignmentDone(5), news.InputOf(new DoneEvent("p", 5, 1, 1), "s"));
        foreach (var quiet in (WorkerEvent[])[new ProgressEvent("p", 5, null, "load", 0, 1), new ProgressEvent("p", 5, "x", "train", 1, 2, 0.1), new HelloEvent(1, 1), new TrainedEvent("p", 5, "x", "", "", 0, 0, 0, 0)])
            Assert.Null(news.InputOf(quiet, "s"));
    }

    [Fact]
    public void EventLog_SlowWatcher_SeesAJump()
    {
        var ring = new EventLog();
        var arrived = ring.Arrived;
        for (var seq = 1; seq <= 5000; seq++) ring.Add(new SweepEvent(seq, s_now, SweepEventKind.Progress, "x") { Work = "pack-2" });
        Assert.True(arrived.IsCompleted);
        Assert.False(ring.Arrived.IsCompleted);
        var news = ring.After(10);
        Assert.Equal((4096, 905, 5000), (news.Count, news[0].Sequence, news[^1].Sequence));
        Assert.Equal("pack-2", news[0].Subject);
        Assert.Equal(2, ring.After(4998).Count);
    }
}
