using System.Text.Json;
using AlpacaCot.Experiments;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using SlotReport = AlpacaCot.Grains.Contracts.SlotReport;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;

namespace AlpacaCot.Tests.Grains;

/// <summary>Sweeps through grains, store, slots and worker processes; only the worker's answers are a stub's.</summary>
public sealed class SweepGrainTests : IDisposable
{
    private const string Yaml = """
        name: s
        seeds: [0, 1]
        models: [{ name: none, path: none }]
        peft: [{ name: lora, method: lora }, { name: ia3, method: ia3 }]
        data: [{ name: none, sources: [goat] }]
        training: { max_steps: 1 }
        evaluation: [{ suite: goat-arithmetic, limit: 1 }]
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private SubmitSweep Request(string yaml = Yaml) => new()
    {
        Name = "s", Yaml = yaml, BaseDirectory = _folder.Path, Facts = JsonSerializer.Serialize(new SpecFacts(), Frames.Json), Directory = _folder["experiments/e/s"],
    };

    private static ISweepGrain Sweep(Platform platform) => platform.Grains.GetGrain<ISweepGrain>("e/s");

    private Task<SubmitReply> SubmitAsync(Platform platform, string yaml = Yaml) => platform.Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(Request(yaml));

    private static async Task<SweepStatus> EndAsync(Platform platform)
    {
        SweepStatus? status = null;
        await Poll.UntilAsync(async () => (status = await Sweep(platform).GetStatusAsync()).State is "done" or "failed" or "cancelled", "the sweep has ended");
        return status!;
    }

    private static Task RunningAsync(Platform platform)
        => Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Trials.Any(t => t.State == "running"), "a trial runs");

    [Fact]
    public async Task Submit_RunsToItsEnd_WithReportAndAggregates()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 2);
        var reply = await SubmitAsync(platform);
        Assert.Equal(new SubmitReply("e/s", 4, Existing: false, null), reply);
        var status = await EndAsync(platform);
        Assert.Equal("done", status.State);
        Assert.All(status.Trials, trial =>
        {
            Assert.Equal("succeeded", trial.State);
            Assert.Equal(1.0, trial.Metrics["goat-arithmetic/stub"]);
            Assert.Equal(1, trial.Attempts);
            Assert.True(trial.Fence > 0);
        });
        Assert.NotEqual(0, JsonDocument.Parse(status.Aggregates!).RootElement.GetArrayLength());
        foreach (var file in (string[])["report.html", "report.md", "report.json"]) Assert.True(new FileInfo(_folder[$"experiments/e/s/{file}"]).Length > 0);
        Assert.Equal(_folder["experiments/e/s/report.html"], status.Report);
        Assert.All(status.Packs, pack => Assert.Equal(("done", null), (pack.State, pack.Slot)));
        Assert.All(await platform.Registry.ListAsync(), slot => Assert.Null(slot.User));
        await Poll.UntilAsync(async () => Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()) is { State: "done", Done: 4, Failed: 0 }, "the experiment knows");
    }

    [Fact]
    public async Task Submit_Again_IsTheSameSweep_AndAnotherFileIsRefused()
    {
        await using var platform = await Platform.StartAsync(_folder);
        await SubmitAsync(platform);
        Assert.Equal(new SubmitReply("e/s", 4, Existing: true, null), await SubmitAsync(platform));
        await EndAsync(platform);
        Assert.Equal(new SubmitReply("e/s", 4, Existing: true, null), await SubmitAsync(platform));
        var refused = await SubmitAsync(platform, Yaml.Replace("[0, 1]", "[0, 2]", StringComparison.Ordinal));
        Assert.Contains("choose another --name", refused.Problem, StringComparison.Ordinal);
        Assert.Equal("done", (await EndAsync(platform)).State);
        Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync());
    }

    [Theory]
    [InlineData("name: [")]
    [InlineData("name: s\npeft: unheard-of\nmodels: m\ndata: d")]
    public async Task Submit_UnreadableFile_IsRefusedAndLeavesNothing(string yaml)
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0);
        Assert.NotNull((await SubmitAsync(platform, yaml)).Problem);
        Assert.Equal("unknown", (await Sweep(platform).GetStatusAsync()).State);
        Assert.Empty(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync());
    }

    [Fact]
    public async Task UnknownSweep_AnswersEverythingHarmlessly()
    {
        await using var platform = await Platform.StartAsync(_folder);
        var sweep = Sweep(platform);
        Assert.Equal("unknown", (await sweep.GetStatusAsync()).State);
        await sweep.CancelAsync();
        await sweep.ResumeAsync(retryFailed: true);
        Assert.False((await sweep.ReportAsync(new SlotReport("here/cpu0", "pack-0", 1, []))).Current);
        Assert.Contains("no sweep e/s", (await sweep.LocateAsync("t")).Problem, StringComparison.Ordinal);
        await Assert.ThrowsAsync<OrleansException>(() => sweep.WriteReportAsync());
        await foreach (var news in sweep.WatchAsync(0)) Assert.Fail(news.Text);
    }

    [Fact]
    public async Task Watch_TellsRisingNumbers_FromTheFirstToTheLast_AndEnds()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 2, trialSeconds: 0.05);
        await SubmitAsync(platform);
        var news = new List<WatchedEvent>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var piece in Sweep(platform).WatchAsync(-1, limit.Token)) news.Add(piece);
        Assert.Equal(news.Select(n => n.Sequence).Order().Distinct(), news.Select(n => n.Sequence));
        Assert.Equal(4, news.Count(n => n.Kind == "TrialSucceeded"));
        Assert.Equal("Completed", news[^1].Kind);
        // Who has followed to the end finds the end dealt with.
        Assert.Equal("done", (await Sweep(platform).GetStatusAsync()).State);
        var late = new List<WatchedEvent>();
        await foreach (var piece in Sweep(platform).WatchAsync(news[^3].Sequence, limit.Token)) late.Add(piece);
        Assert.Equal(news[^2..], late);
    }

    [Fact]
    public async Task Cancel_StopsTheWork_AndResumeFinishesIt()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.4);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        await Sweep(platform).CancelAsync();
        var status = await Sweep(platform).GetStatusAsync();
        Assert.Equal("cancelled", status.State);
        Assert.Contains(status.Trials, t => t.State == "cancelled");
        await Poll.UntilAsync(async () => (await platform.Registry.ListAsync()).All(s => s.User is null), "the slots are given back");
        await Sweep(platform).ResumeAsync(retryFailed: false);
        Assert.Equal("done", (await EndAsync(platform)).State);
    }

    [Fact]
    public async Task Cancel_StaysSoOverARestart_AlsoWhereNothingDroveIt()
    {
        await using (var platform = await Platform.StartAsync(_folder, slots: 0))
        {
            await SubmitAsync(platform);
            await Sweep(platform).CancelAsync();
            await Poll.UntilAsync(async () => Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()).State == "cancelled", "the experiment knows");
        }
        await using var again = await Platform.StartAsync(_folder);
        Assert.Equal("cancelled", (await Sweep(again).GetStatusAsync()).State);
        Assert.Empty(Platform.Workers(_folder));
    }

    [Fact]
    public async Task Restart_GoesOnByItself_InAnotherAttempt()
    {
        await using (var platform = await Platform.StartAsync(_folder, trialSeconds: 60))
        {
            await SubmitAsync(platform);
            await RunningAsync(platform);
        }
        Assert.Empty(Platform.Workers(_folder));
        await using var again = await Platform.StartAsync(_folder);
        var status = await EndAsync(again);
        Assert.Equal("done", status.State);
        // What was trained before stays; what was being asked is asked again.
        Assert.All(status.Trials, t => Assert.Equal((1L, 2), (t.Fence, t.Attempts)));
    }

    [Fact]
    public async Task Restart_NobodyCalls_TheSweepGoesOn()
    {
        await using (var platform = await Platform.StartAsync(_folder, trialSeconds: 60))
        {
            await SubmitAsync(platform);
            await RunningAsync(platform);
        }
        await using var again = await Platform.StartAsync(_folder);
        // Its experiment alone is asked, which the sweep tells by itself.
        await Poll.UntilAsync(async () => Assert.Single(await again.Grains.GetGrain<IExperimentGrain>("e").ListAsync()).State == "done", "the sweep is done");
    }

    [Fact]
    public async Task Activation_Ends_TheNextOneDrivesAndLosesNothing()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.3);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        var worker = Assert.Single(Platform.Workers(_folder));
        await platform.Cluster.DeactivateAsync(Sweep(platform));
        var status = await EndAsync(platform);
        Assert.Equal("done", status.State);
        Assert.All(status.Trials, t => Assert.Equal(1, t.Attempts));
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
    }

    [Fact]
    public async Task Restart_ClockSetBack_TheNodeHasItsSlotsAllTheSame()
    {
        await using (var platform = await Platform.StartAsync(_folder, slots: 0)) await platform.Registry.RegisterAsync(Platform.Node, long.MaxValue / 2, ["here/gpu9"]);
        await using var again = await Platform.StartAsync(_folder);
        Assert.Equal(["here/cpu0"], (await again.Registry.ListAsync()).Select(slot => slot.Slot));
        await SubmitAsync(again);
        Assert.Equal("done", (await EndAsync(again)).State);
    }

    [Fact]
    public async Task Status_WhileTheRecordIsBeingWritten_IsAnswered()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 1);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        var written = new TaskCompletionSource();
        var writing = new TaskCompletionSource();
        platform.Storage.Before = async (_, grain) =>
        {
            if (grain.ToString() != "sweep/e/s") return;
            writing.TrySetResult();
            await written.Task;
        };
        await writing.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var sweep = Sweep(platform);
        await Task.WhenAll(sweep.GetStatusAsync(), sweep.GetProgressAsync(), sweep.LocateAsync("t"), platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()).WaitAsync(TimeSpan.FromSeconds(20));
        // What changes the sweep is answered once it is written.
        var cancel = sweep.CancelAsync();
        await sweep.GetStatusAsync();
        Assert.False(cancel.IsCompleted);
        platform.Storage.Before = (_, _) => Task.CompletedTask;
        written.SetResult();
        await cancel;
        Assert.Equal("cancelled", (await sweep.GetStatusAsync()).State);
    }

    /// <summary>Submits a sweep whose slots are played by the test; the first fence.</summary>
    private async Task<long> SubmitSilentlyAsync(Platform platform, string yaml = Yaml)
    {
        await platform.Registry.RegisterAsync("other", 1, ["here/silent"]);
        await SubmitAsync(platform, yaml);
        await Poll.UntilAsync(() => !platform.Owner.Silenced.IsEmpty, "the slot has the pack");
        return platform.Owner.Silenced.Last();
    }

    private static SlotReport Said(long fence, string work, params WorkerEvent[] events)
        => new("here/silent", work, fence, [.. events.Select(e => JsonSerializer.Serialize(e, Frames.Json))]);

    [Fact]
    public async Task Report_IsAnsweredOnceItIsOnDisk()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0, silentDevice: "silent");
        var fence = await SubmitSilentlyAsync(platform);
        var written = new TaskCompletionSource();
        var writing = new TaskCompletionSource();
        platform.Storage.Before = async (part, grain) =>
        {
            if (grain.ToString() != "sweep/e/s" || part != "shard-0") return;
            writing.TrySetResult();
            await written.Task;
        };
        var report = Said(fence, "pack-0", new StartedEvent("pack-0", fence), new CheckpointEvent("pack-0", fence, "/c/step-2", 2, "ab"));
        var first = Sweep(platform).ReportAsync(report);
        await writing.Task.WaitAsync(TimeSpan.FromSeconds(20));
        // What repeats it changes nothing, and waits for the same write.
        var second = Sweep(platform).ReportAsync(report);
        await Sweep(platform).GetStatusAsync();
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        written.SetResult();
        platform.Storage.Before = (_, _) => Task.CompletedTask;
        Assert.Equal([new ReportAnswer(true), new ReportAnswer(true)], await Task.WhenAll(first, second));
        await platform.Cluster.DeactivateAsync(Sweep(platform));
        Assert.True((await Sweep(platform).ReportAsync(Said(fence, "pack-0"))).Current);
    }

    [Fact]
    public async Task Report_ThatCannotBeWritten_IsNotAnswered_AndCountsWhenItIsRepeated()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0, silentDevice: "silent");
        var fence = await SubmitSilentlyAsync(platform);
        var name = (await Sweep(platform).GetStatusAsync()).Trials[0].Training!;
        platform.Storage.Fails = (part, _) => part == "shard-0";
        var report = Said(fence, "pack-0", new StartedEvent("pack-0", fence), new TrainedEvent("pack-0", fence, name, "/a", "ab", 1, 0.5, 1, 1));
        for (var i = 0; i < 3; i++) await Assert.ThrowsAsync<OrleansException>(() => Sweep(platform).ReportAsync(report));
        platform.Storage.Fails = (_, _) => false;
        Assert.Contains("not trained", (await Sweep(platform).LocateAsync((await Sweep(platform).GetStatusAsync()).Trials[0].Name)).Problem, StringComparison.Ordinal);
        Assert.True((await Sweep(platform).ReportAsync(report)).Current);
        Assert.Equal("/a", (await Sweep(platform).LocateAsync((await Sweep(platform).GetStatusAsync()).Trials[0].Name)).Adapter);
    }

    [Fact]
    public async Task Status_ATrialHasFailed_IsNotDone_AndResumeTriesItAgain()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0, silentDevice: "silent");
        var fence = await SubmitSilentlyAsync(platform);
        await Sweep(platform).ReportAsync(Said(fence, "pack-0", new StartedEvent("pack-0", fence), new FailedEvent("pack-0", fence, FailureKind.Data, "the base has changed")));
        var status = await EndAsync(platform);
        Assert.Equal("failed", status.State);
        Assert.All(status.Trials, t => Assert.Equal(("failed", "the base has changed"), (t.State, t.Message)));
        await Poll.UntilAsync(async () => Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()) is { State: "failed", Failed: 4 }, "the experiment knows");
        await Sweep(platform).ResumeAsync(retryFailed: false);
        Assert.Equal("failed", (await Sweep(platform).GetStatusAsync()).State);
        await Sweep(platform).ResumeAsync(retryFailed: true);
        Assert.Equal("running", (await Sweep(platform).GetStatusAsync()).State);
    }

    [Fact]
    public async Task Record_OnePartCannotBeWritten_IsShownThoughOthersCan()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.1);
        await SubmitAsync(platform, Yaml.Replace("[0, 1]", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", StringComparison.Ordinal));
        await RunningAsync(platform);
        platform.Storage.Fails = (part, grain) => part == "sweep" && grain.ToString() == "sweep/e/s";
        await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Problem?.Contains("no space left", StringComparison.Ordinal) == true, "the problem is shown");
        platform.Storage.Fails = (_, _) => false;
        Assert.Equal(("done", null), await EndAsync(platform) is var status ? (status.State, status.Problem) : default);
    }

    [Fact]
    public async Task Checkpoint_Accepted_DeletesWhatEarlierFencesLeft()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0, silentDevice: "silent");
        var first = await SubmitSilentlyAsync(platform);
        string At(long fence, string path)
        {
            var place = _folder[$"experiments/e/s/pack-0/{fence}/{path}"];
            Directory.CreateDirectory(place);
            File.WriteAllText(Path.Combine(place, "file"), "x");
            return place;
        }
        var names = (await Sweep(platform).GetStatusAsync()).Trials.Select(t => t.Training!).ToList();
        var (adapter, old, lost) = (At(first, names[0]), At(first, "checkpoints/step-2"), At(first, "half an adapter"));
        await Sweep(platform).ReportAsync(Said(
            first, "pack-0", new StartedEvent("pack-0", first), new TrainedEvent("pack-0", first, names[0], adapter, "ab", 1, 0.5, 1, 1), new CheckpointEvent("pack-0", first, old, 2, "ab"),
            new FailedEvent("pack-0", first, FailureKind.Cancelled, "again")));
        await Poll.UntilAsync(() => platform.Owner.Silenced.Last() != first, "the slot has it again");
        var second = platform.Owner.Silenced.Last();
        Assert.True(Directory.Exists(old));
        var current = At(second, "checkpoints/step-4");
        await Sweep(platform).ReportAsync(Said(second, "pack-0", new StartedEvent("pack-0", second), new CheckpointEvent("pack-0", second, current, 4, "cd")));
        await Poll.UntilAsync(() => !Directory.Exists(old) && !Directory.Exists(lost), "what the first fence left is deleted");
        Assert.True(Directory.Exists(adapter));
        Assert.True(Directory.Exists(current));
    }

    [Fact]
    public async Task Restart_SilentSlot_LeaseLapsesAllTheSame()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var step = TimeSpan.FromSeconds(1);
        await using var platform = await Platform.StartAsync(_folder, slots: 0, time: time, silentDevice: "silent");
        Task BeatAsync() => platform.Registry.RegisterAsync("other", 1, ["here/silent"]);
        await BeatAsync();
        await SubmitAsync(platform);
        await time.AdvanceUntilAsync(() => Task.FromResult(!platform.Owner.Silenced.IsEmpty), "the slot has the pack", step);
        var fence = Assert.Single(platform.Owner.Silenced);
        Assert.True((await Sweep(platform).ReportAsync(new SlotReport("here/silent", "pack-0", fence, []))).Current);
        await platform.Cluster.DeactivateAsync(Sweep(platform));
        var restarted = time.GetUtcNow();
        for (var beats = 0; beats < 8; beats++)
        {
            await BeatAsync();
            await time.AdvanceAsync(5 * step, step);
            await Sweep(platform).GetStatusAsync();
        }
        // It says that it works, and has the time of a lease to say more.
        Assert.Single(platform.Owner.Silenced);
        await time.AdvanceUntilAsync(async () =>
        {
            await BeatAsync();
            return platform.Owner.Silenced.Count > 1;
        }, "the pack is given away anew", step);
        Assert.True(time.GetUtcNow() - restarted >= TimeSpan.FromSeconds(60));
        Assert.False((await Sweep(platform).ReportAsync(new SlotReport("here/silent", "pack-0", fence, []))).Current);
    }

    [Theory]
    [InlineData("submission")]
    [InlineData("shard-0")]
    [InlineData("sweep")]
    public async Task Submit_RecordThatCannotBeWritten_ThrowsAndLeavesNothing(string part)
    {
        await using var platform = await Platform.StartAsync(_folder);
        platform.Storage.Fails = (name, _) => name == part;
        var problem = await Assert.ThrowsAsync<OrleansException>(() => SubmitAsync(platform));
        Assert.Contains("no space left", problem.Message, StringComparison.Ordinal);
        Assert.Equal("unknown", (await Sweep(platform).GetStatusAsync()).State);
        platform.Storage.Fails = (_, _) => false;
        Assert.Equal(new SubmitReply("e/s", 4, Existing: false, null), await SubmitAsync(platform));
        Assert.Equal("done", (await EndAsync(platform)).State);
    }

    [Fact]
    public async Task Record_CannotBeWrittenForAWhile_IsShownAndTheSweepGoesOnFromDisk()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.2);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        platform.Storage.Fails = (_, grain) => grain.ToString() == "sweep/e/s";
        await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Problem?.Contains("no space left", StringComparison.Ordinal) == true, "the problem is shown");
        Assert.Equal((await Sweep(platform).GetStatusAsync()).Problem, (await Sweep(platform).GetProgressAsync()).Problem);
        platform.Storage.Fails = (_, _) => false;
        var status = await EndAsync(platform);
        Assert.Equal(("done", null), (status.State, status.Problem));
        Assert.All(status.Trials, t => Assert.Equal("succeeded", t.State));
    }

    [Fact]
    public async Task Progress_CountsWhatStatusShows()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.2);
        Assert.Equal("unknown", (await Sweep(platform).GetProgressAsync()).State);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        var running = await Sweep(platform).GetProgressAsync();
        Assert.Equal(("s", "running", 4, 0), (running.Name, running.State, running.Trials, running.Failed));
        Assert.Equal("running", running.Packs[0].State);
        await EndAsync(platform);
        var done = await Sweep(platform).GetProgressAsync();
        Assert.Equal(("done", 4, 0, null), (done.State, done.Done, done.Failed, done.Problem));
    }

    [Fact]
    public async Task TwoNodes_OneIsKilled_TheOtherFinishesTheSweep()
    {
        // A node that is merely slow on a busy machine must not be forgotten before it is killed, nor its pack be over before the other's has begun.
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 1, nodes: ["here", "there"], change: o => o with { NodeExpiry = TimeSpan.FromSeconds(4) });
        await Poll.UntilAsync(async () => (await platform.Registry.ListAsync()).Length == 2, "both nodes are known");
        await SubmitAsync(platform, Yaml.Replace("[0, 1]", "[0, 1, 2, 3]", StringComparison.Ordinal));
        await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Packs.Count(p => p.State == "running") == 2, "both nodes work");
        var gone = platform.Cluster.Silos[1].ServiceProvider.GetRequiredService<Node>().Name;
        await platform.Cluster.KillSiloAsync(platform.Cluster.Silos[1]);
        var status = await EndAsync(platform);
        Assert.Equal("done", status.State);
        string[] left = [gone == "here" ? "there/cpu0" : "here/cpu0"];
        await Poll.UntilAsync(async () => (await platform.Registry.ListAsync()).Select(slot => slot.Slot).SequenceEqual(left), "the lost node is forgotten");
    }

    [Fact]
    public async Task Restart_WithoutSlots_AnswersAndDrivesNothing()
    {
        await using (var platform = await Platform.StartAsync(_folder))
        {
            await SubmitAsync(platform);
            await EndAsync(platform);
        }
        await using var passive = await Platform.StartAsync(_folder, slots: 0);
        var status = await Sweep(passive).GetStatusAsync();
        Assert.Equal("done", status.State);
        Assert.NotNull(status.Aggregates);
        var files = await Sweep(passive).WriteReportAsync();
        Assert.Equal(status.Report, files.Html);
    }

    [Fact]
    public async Task WorkerKilled_CostsAnAttemptAndNoResult()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.5);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        Platform.Signal("KILL", Assert.Single(Platform.Workers(_folder)));
        var status = await EndAsync(platform);
        Assert.Equal("done", status.State);
        Assert.Contains(status.Trials, t => t.Attempts == 2);
    }

    [Fact]
    public async Task WorkerThatCannotBeStarted_IsNoAttempt()
    {
        await using var platform = await Platform.StartAsync(_folder, change: o => o with { WorkerProgram = "/no/worker.dll" });
        await SubmitAsync(platform);
        await using var news = Sweep(platform).WatchAsync(-1).GetAsyncEnumerator();
        do Assert.True(await news.MoveNextAsync());
        while (news.Current.Kind != "Refused");
        Assert.Contains("/no/worker.dll", news.Current.Text, StringComparison.Ordinal);
        var status = await Sweep(platform).GetStatusAsync();
        Assert.Equal("running", status.State);
        Assert.All(status.Trials, t => Assert.Equal((0, "pending"), (t.Attempts, t.State)));
    }

    [Fact]
    public async Task ReportThatCannotBeWritten_DoesNotHoldTheSweep_AndComesLater()
    {
        Directory.CreateDirectory(_folder["experiments/e"]);
        File.WriteAllText(_folder["experiments/e/s"], "in the way");
        await using var platform = await Platform.StartAsync(_folder);
        await SubmitAsync(platform);
        var status = await EndAsync(platform);
        Assert.Equal(("done", null), (status.State, status.Report));
        File.Delete(_folder["experiments/e/s"]);
        var files = await Sweep(platform).WriteReportAsync();
        Assert.Equal(files.Html, (await Sweep(platform).GetStatusAsync()).Report);
    }

    [Fact]
    public async Task TwoSweeps_ShareTheSlots_OneAfterTheOther()
    {
        await using var platform = await Platform.StartAsync(_folder);
        await SubmitAsync(platform);
        var other = platform.Grains.GetGrain<IExperimentGrain>("e");
        await other.SubmitAsync(Request() with { Name = "t", Directory = _folder["experiments/e/t"] });
        await EndAsync(platform);
        await Poll.UntilAsync(async () => (await platform.Grains.GetGrain<ISweepGrain>("e/t").GetStatusAsync()).State == "done", "the second sweep is done");
        await Poll.UntilAsync(async () => (await other.ListAsync()) is [{ Name: "s", State: "done" }, { Name: "t", State: "done" }], "the experiment knows both");
    }

    [Fact]
    public async Task Locate_TrainedTrial_NamesBaseAdapterAndCue()
    {
        await using var platform = await Platform.StartAsync(_folder);
        await SubmitAsync(platform);
        var trial = (await EndAsync(platform)).Trials[0].Name;
        var model = await Sweep(platform).LocateAsync(trial);
        Assert.Null(model.Problem);
        Assert.Equal("none", model.Base);
        Assert.NotNull(model.Adapter);
        Assert.Contains("no trial 'x'", (await Sweep(platform).LocateAsync("x")).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelServer_ThatCannotLoad_SaysWhyAndGivesTheSlotBack()
    {
        await using var platform = await Platform.StartAsync(_folder);
        await SubmitAsync(platform);
        var trial = (await EndAsync(platform)).Trials[0].Name;
        foreach (var (key, says) in ((string, string)[])[("e/s/unheard-of", "no trial 'unheard-of'"), ("e/none/t", "no sweep e/none"), ($"e/s/{trial}", "no such model")])
        {
            var chunks = new List<TokenChunk>();
            await foreach (var chunk in platform.Grains.GetGrain<IModelServerGrain>(key).GenerateAsync(new GenerateRequest { Prompt = "1+1" })) chunks.Add(chunk);
            var only = Assert.Single(chunks);
            Assert.Equal("error", only.FinishReason);
            Assert.Contains(says, only.Error, StringComparison.Ordinal);
            Assert.All(await platform.Registry.ListAsync(), slot => Assert.Null(slot.User));
        }
    }
}
