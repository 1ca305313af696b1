using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Grains;

/// <summary>Several misfortunes of one pack together, through the real sweep, its record and its calls; the test plays the slot.</summary>
public sealed class TroubledPackTests : SweepScenario
{
    private const string ThreeMembers = """
        name: s
        seeds: [0, 1, 2]
        models: [{ name: none, path: none }]
        peft: [{ name: lora, method: lora }]
        data: [{ name: none, sources: [goat] }]
        base: false
        training: { max_steps: 30 }
        evaluation: [{ name: x, suite: goat-arithmetic, limit: 1 }, { name: y, suite: goat-arithmetic, limit: 2 }]
        """;

    [Fact]
    public async Task Pack_FullDisk_NoMemory_AndASuiteThatCannotRun_LosesOneEvaluationAndTrainsNothingTwice()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
        await SubmitSilentlyAsync(platform, ThreeMembers);
        var first = await GivenAsync<TrainJob>(platform, 0);
        Assert.Equal(3, first.Job.Members.Count);

        // The disk is full: for the worker, and for the record of its end.
        var refused = 0;
        platform.Storage.Fails = (part, grain) => grain.ToString() == "sweep/e/s" && part == "shard-0" && Interlocked.Increment(ref refused) <= 2;
        await SayAsync(platform, first.Fence, "pack-0", new StartedEvent("pack-0", first.Fence), new FailedEvent("pack-0", first.Fence, FailureKind.Transient, "no space left on device"));
        Assert.True(refused > 2);

        // There is room again: one checkpoint, and the kernel kills the worker.
        var second = await GivenAsync<TrainJob>(platform, 1);
        Assert.Null(second.Job.Resume);
        await SayAsync(platform, second.Fence, "pack-0", new StartedEvent("pack-0", second.Fence), new CheckpointEvent("pack-0", second.Fence, Folder["step-10"], 10, "ab"));
        await SayAsync(platform, second.Fence, "pack-0", new FailedEvent("pack-0", second.Fence, FailureKind.OutOfMemory, "killed by memory"));

        var third = await GivenAsync<TrainJob>(platform, 2);
        Assert.Equal((new CheckpointReference(Folder["step-10"], 10, "ab"), second.Job.MicroBatchTokens / 2), (third.Job.Resume, third.Job.MicroBatchTokens));
        Assert.Equal(first.Job.Members.Select(m => (m.Name, false)), third.Job.Members.Select(m => (m.Name, m.Trained)));
        WorkerEvent[] trained = [.. third.Job.Members.Select(m => new TrainedEvent("pack-0", third.Fence, m.Name, Folder[m.Name], "ab", 30, 0.5, 1, 100))];
        await SayAsync(platform, third.Fence, "pack-0", [new StartedEvent("pack-0", third.Fence), .. trained, new DoneEvent("pack-0", third.Fence, 1, 1)]);

        var asked = await GivenAsync<EvaluateJob>(platform, 3);
        var trials = asked.Job.Members.SelectMany(m => m.Trials).ToList();
        Assert.Equal(6, trials.Sum(t => t.Evaluation.Count));
        WorkerEvent Said(EvaluateTrial trial, string evaluation) => trial == trials[1] && evaluation == "y"
            ? new EvaluationFailedEvent(asked.Pack, asked.Fence, trial.Name, "y", FailureKind.Data, "the file is not there")
            : new ResultEvent(asked.Pack, asked.Fence, trial.Name, evaluation, new Dictionary<string, double> { ["exact_match"] = 0.5 }, 1, null, 1);
        await SayAsync(platform, asked.Fence, asked.Pack,
            [new StartedEvent(asked.Pack, asked.Fence), .. trials.SelectMany(t => t.Evaluation.Select(e => Said(t, e.Name))), new DoneEvent(asked.Pack, asked.Fence, 1, 1)]);

        var status = await EndAsync(platform);
        var byName = status.Trials.ToDictionary(t => t.Name);
        Assert.All(trials, t => Assert.Equal(t == trials[1] ? ("failed", 1) : ("succeeded", 2), (byName[t.Name].State, byName[t.Name].Metrics.Count)));
        Assert.Contains("y: the file is not there", byName[trials[1].Name].Message, StringComparison.Ordinal);
        // Three trainings, one of them whole, and one evaluation: nothing was given out beyond that.
        Assert.Equal(4, platform.Owner.Given.Count);
        Assert.All(status.Trials, t => Assert.Equal(third.Fence, t.Fence));
    }

    private static async Task<(long Fence, string Pack, T Job)> GivenAsync<T>(Platform platform, int index) where T : AssignmentJob
    {
        await Poll.UntilAsync(async () =>
        {
            // A node that is silent for long is forgotten.
            await platform.Registry.RegisterAsync("other", 1, ["here/silent"]);
            return platform.Owner.Given.Count > index;
        }, $"assignment {index} is given out");
        var given = platform.Owner.Given.ElementAt(index);
        return (given.Fence, given.Pack, Assert.IsType<T>(given.Job));
    }

    /// <summary>As a slot does it: what is not answered is told again.</summary>
    private static Task SayAsync(Platform platform, long fence, string work, params WorkerEvent[] events) => Poll.UntilAsync(async () =>
    {
        try
        {
            Assert.True((await Sweep(platform).ReportAsync(Said(fence, work, events))).Current);
            return true;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return false;
        }
    }, "the report is answered");
}
