using AlpacaCot.Grains.Slots;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Grains;

/// <summary>A slot with a real worker process.</summary>
public sealed class TrainerGrainTests : IDisposable
{
    private const string Sweep = "test/s";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The slot works until its owner has heard of the end.</summary>
    private static Task ToldAsync(Platform platform) => Poll.UntilAsync(async () => await platform.Slot().RunningFenceAsync(Sweep) == 0, "the end is told");

    private SlotAssignment Work(long fence, string sweep = Sweep, int trials = 1) => new(sweep, "pack-0", fence, Platform.Job(_folder, trials));

    [Fact]
    public async Task Start_TellsItsOwnerEverythingInOrder()
    {
        await using var platform = await Platform.StartAsync(_folder);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(3, trials: 2))).Reply);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(3));
        Assert.Equal(["StartedEvent", "ResultEvent", "ResultEvent", "DoneEvent"], platform.Owner.Events(3).Select(e => e.GetType().Name));
        Assert.All(platform.Owner.Reports, report => Assert.Equal(("here/cpu0", "pack-0"), (report.Slot, report.Pack)));
        await ToldAsync(platform);
    }

    [Fact]
    public async Task Start_WhileOneRuns_IsRefusedByFenceAndOwner()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(5))).Reply);
        Assert.Equal(StartReply.AlreadyRunning, (await platform.Slot().StartAsync(Work(5))).Reply);
        Assert.Equal(StartReply.Stale, (await platform.Slot().StartAsync(Work(4))).Reply);
        Assert.Equal(StartReply.Busy, (await platform.Slot().StartAsync(Work(6))).Reply);
        Assert.Equal(StartReply.Busy, (await platform.Slot().StartAsync(Work(1, "test/other"))).Reply);
        Assert.Equal(5, await platform.Slot().RunningFenceAsync(Sweep));
        Assert.Equal(0, await platform.Slot().RunningFenceAsync("test/other"));
    }

    [Fact]
    public async Task Start_SeveralTimes_KeepsTheWorkerWarm()
    {
        await using var platform = await Platform.StartAsync(_folder);
        var workers = new HashSet<int>();
        for (var fence = 1; fence <= 3; fence++)
        {
            Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(fence))).Reply);
            Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(fence));
            workers.Add(Assert.Single(Platform.Workers(_folder)));
        }
        Assert.Single(workers);
        await ToldAsync(platform);
        Assert.Equal(StartReply.Stale, (await platform.Slot().StartAsync(Work(3))).Reply);
    }

    [Fact]
    public async Task Stop_CancelsTheWork_AndTheSlotGoesOnWithAnotherWorker()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60);
        await platform.Slot().StartAsync(Work(1));
        await Poll.UntilAsync(() => platform.Owner.Events(1).Any(e => e is StartedEvent), "the work has begun");
        await platform.Slot().StopAsync(Sweep, 1);
        Assert.Equal(FailureKind.Cancelled, Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1)).Kind);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(2))).Reply);
        await Poll.UntilAsync(() => platform.Owner.Events(2).Any(e => e is StartedEvent), "the next work has begun");
    }

    [Fact]
    public async Task Stop_OfAnotherFenceOrSweep_IsIgnored()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60);
        await platform.Slot().StartAsync(Work(5));
        await Poll.UntilAsync(() => platform.Owner.Events(5).Any(e => e is StartedEvent), "the work has begun");
        await platform.Slot().StopAsync(Sweep, 4);
        await platform.Slot().StopAsync(Sweep, 6);
        await platform.Slot().StopAsync("test/other", 5);
        // A stop that is obeyed ends the work within two heartbeats.
        var before = platform.Owner.Reports.Count;
        await Poll.UntilAsync(() => platform.Owner.Reports.Count >= before + 4, "four more heartbeats");
        Assert.Equal(5, await platform.Slot().RunningFenceAsync(Sweep));
        Assert.DoesNotContain(platform.Owner.Events(5), e => e is FailedEvent);
    }

    [Fact]
    public async Task Activation_Ends_TheWorkerGoesOnAndIsFoundAgain()
    {
        // Long enough that it still works when it is looked for again, on a busy machine too.
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 1.2);
        await platform.Slot().StartAsync(Work(1, trials: 5));
        await Poll.UntilAsync(() => platform.Owner.Events(1).Any(e => e is StartedEvent), "the work has begun");
        var worker = Assert.Single(Platform.Workers(_folder));
        await platform.Cluster.DeactivateAsync(platform.Slot());
        Assert.Equal(1, await platform.Slot().RunningFenceAsync(Sweep));
        Assert.Equal(StartReply.AlreadyRunning, (await platform.Slot().StartAsync(Work(1, trials: 5))).Reply);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(1));
        Assert.Equal(5, platform.Owner.Events(1).Count(e => e is ResultEvent));
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
    }

    [Fact]
    public async Task Fences_AreKeptOverARestart()
    {
        await using (var platform = await Platform.StartAsync(_folder))
        {
            await platform.Slot().StartAsync(Work(7));
            Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(7));
        }
        await using var again = await Platform.StartAsync(_folder);
        Assert.Equal(new StartAnswer(StartReply.Stale, 7), await again.Slot().StartAsync(Work(7)));
        Assert.Equal(StartReply.Started, (await again.Slot().StartAsync(Work(1, "test/other"))).Reply);
        Assert.IsType<DoneEvent>(await again.Owner.EndAsync(1));
        Assert.Equal(new StartAnswer(StartReply.Started, 7), await again.Slot().StartAsync(Work(8)));
    }

    [Fact]
    public async Task FenceThatCannotBeStored_StartsNothing()
    {
        await using var platform = await Platform.StartAsync(_folder);
        platform.Storage.Fails = (name, _) => name == "slot";
        await Assert.ThrowsAsync<OrleansException>(() => platform.Slot().StartAsync(Work(1)));
        platform.Storage.Fails = (_, _) => false;
        Assert.Equal(0, await platform.Slot().RunningFenceAsync(Sweep));
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(1))).Reply);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(1));
    }

    [Fact]
    public async Task WorkerKilled_IsToldWithTheSignal_AndTheSlotGoesOn()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 2);
        await platform.Slot().StartAsync(Work(1, trials: 30));
        await Poll.UntilAsync(() => platform.Owner.Events(1).Any(e => e is StartedEvent), "the work has begun");
        Signals.Send("KILL", Assert.Single(Platform.Workers(_folder)));
        var failed = Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1));
        Assert.Equal(FailureKind.Transient, failed.Kind);
        Assert.Contains("signal 9", failed.Message, StringComparison.Ordinal);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(2))).Reply);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(2));
    }

    [Fact]
    public async Task Heartbeat_WithoutNews_RenewsTheLease()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60);
        await platform.Slot().StartAsync(Work(1));
        await Poll.UntilAsync(() => platform.Owner.Reports.Count(r => r.Events.Length == 0) >= 3, "three renewals");
    }

    [Fact]
    public async Task FencedOut_StopsTheWorker()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60);
        platform.Owner.Answer = _ => false;
        await platform.Slot().StartAsync(Work(1));
        await Poll.UntilAsync(async () => await platform.Slot().RunningFenceAsync(Sweep) == 0, "the slot has stopped");
        await Poll.UntilAsync(() => Platform.Workers(_folder).Count == 0, "the worker is gone");
    }

    [Fact]
    public async Task FencedOut_WorkerThatDoesNotStop_IsEndedAfterTheGrace()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60, change: o => o with { CancelGrace = TimeSpan.FromMilliseconds(300) });
        await platform.Slot().StartAsync(Work(1));
        await Poll.UntilAsync(() => platform.Owner.Events(1).Any(e => e is StartedEvent), "the work has begun");
        Signals.Send("STOP", Assert.Single(Platform.Workers(_folder)));
        await platform.Slot().StopAsync(Sweep, 1);
        Assert.Contains("did not stop in time", Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1)).Message, StringComparison.Ordinal);
        Assert.Empty(Platform.Workers(_folder));
    }

    [Theory]
    [InlineData(nameof(StartedEvent))]
    [InlineData(nameof(ResultEvent))]
    [InlineData(nameof(DoneEvent))]
    public async Task OwnerThatCannotBeReachedOnce_IsToldEverythingInOrder(string when)
    {
        await using var platform = await Platform.StartAsync(_folder);
        var refused = false;
        platform.Owner.Answer = report => !refused && report.Events.Any(said => said.GetType().Name == when) && (refused = true)
            ? throw new OrleansException("not now") : true;
        await platform.Slot().StartAsync(Work(1, trials: 2));
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(1));
        Assert.True(refused);
        Assert.Equal(["StartedEvent", "ResultEvent", "ResultEvent", "DoneEvent"], platform.Owner.Events(1).Select(e => e.GetType().Name));
    }

    [Fact]
    public async Task OwnerWhoseAnswerIsLost_IsToldTheSameAgain()
    {
        await using var platform = await Platform.StartAsync(_folder);
        var heard = new List<WorkerEvent[]>();
        platform.Owner.Answer = report =>
        {
            lock (heard)
            {
                if (report.Events.Length > 0) heard.Add(report.Events);
                return heard.Count == 1 ? throw new TimeoutException("the answer is lost") : true;
            }
        };
        await platform.Slot().StartAsync(Work(1, trials: 2));
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(1));
        await ToldAsync(platform);
        Assert.Equal(heard[0], heard[1].Take(heard[0].Length));
        Assert.Equal(["StartedEvent", "ResultEvent", "ResultEvent", "DoneEvent"], platform.Owner.Events(1).Select(e => e.GetType().Name));
    }

    [Fact]
    public async Task OwnerThatAnswersAnEnd_IsNotToldItAgain()
    {
        await using var platform = await Platform.StartAsync(_folder);
        await platform.Slot().StartAsync(Work(1));
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(1));
        await ToldAsync(platform);
        await platform.Slot().StartAsync(Work(2));
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(2));
        Assert.Single(platform.Owner.Events(1), e => e is DoneEvent);
    }

    [Fact]
    public async Task WorkerThatCannotBeStarted_IsNoAttempt()
    {
        await using var platform = await Platform.StartAsync(_folder, change: o => o with { WorkerProgram = "/no/worker.dll" });
        await platform.Slot().StartAsync(Work(1));
        var failed = Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1));
        Assert.StartsWith("start: there is no worker at /no/worker.dll", failed.Message, StringComparison.Ordinal);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(2))).Reply);
    }

    [Fact]
    public async Task WorkerThatEndsBeforeItBegins_IsNoAttempt()
    {
        await using var platform = await Platform.StartAsync(_folder, change: o => o with { WorkerProgram = Siblings.Find(AppContext.BaseDirectory, "Supervision.Tests"), WorkerArguments = ["vanish"] });
        await platform.Slot().StartAsync(Work(1));
        var failed = Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1));
        Assert.StartsWith("start: the worker", failed.Message, StringComparison.Ordinal);
        Assert.Contains("code 6: the driver is gone", failed.Message, StringComparison.Ordinal);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(2))).Reply);
    }

    [Fact]
    public async Task WorkerThatSaysNothingAnyMore_IsEnded()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 60, change: o => o with { Silence = SilenceLimits.Of(TimeSpan.FromSeconds(1)) });
        await platform.Slot().StartAsync(Work(1));
        Assert.Contains("said nothing", Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1)).Message, StringComparison.Ordinal);
        await Poll.UntilAsync(() => Platform.Workers(_folder).Count == 0, "the worker is gone");
    }

    /// <summary>It talked, and then its work stood still: ended within its limit, and the slot goes on with another.</summary>
    [Fact]
    public async Task WorkerThatIsStopped_IsEnded_AndTheSlotGoesOn()
    {
        await using var platform = await Platform.StartAsync(_folder, trialSeconds: 0.3, change: o => o with { Silence = SilenceLimits.Of(TimeSpan.FromSeconds(8)) });
        await platform.Slot().StartAsync(Work(1, trials: 1000));
        await Poll.UntilAsync(() => platform.Owner.Events(1).Count(e => e is ResultEvent) > 2, "the work goes on");
        var stopped = Assert.Single(Platform.Workers(_folder));
        Signals.Send("STOP", stopped);
        var failed = Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1));
        // An attempt, unlike what is stopped from outside in order.
        Assert.Equal(FailureKind.Unknown, failed.Kind);
        Assert.Contains("said nothing of its work", failed.Message, StringComparison.Ordinal);
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(2))).Reply);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(2));
        Assert.NotEqual(stopped, Assert.Single(Platform.Workers(_folder)));
    }

    [Fact]
    public async Task JobThatNoMessageHolds_FailsAloud_AndForGood()
    {
        await using var platform = await Platform.StartAsync(_folder);
        await platform.Slot().StartAsync(Work(1) with { Job = Platform.Job(_folder, name: new string('t', Frames.MaxBytes)) });
        var failed = Assert.IsType<FailedEvent>(await platform.Owner.EndAsync(1));
        Assert.Equal(FailureKind.Data, failed.Kind);
        Assert.Contains("16 MiB", failed.Message, StringComparison.Ordinal);
        await Poll.UntilAsync(() => Platform.Workers(_folder).Count == 0, "the worker whose work failed is ended");
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(2))).Reply);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(2));
    }

    /// <summary>Longer than it waits for a worker that was told to stop: each refusal costs a fence.</summary>
    [Fact]
    public void BusySlot_IsLeftAloneForLongerThanItsOwnGrace()
    {
        var options = new SlotOptions { WorkerProgram = "", SocketFolder = "", LogFolder = "" };
        Assert.True(new AlpacaCot.Experiments.Scheduling.SchedulingOptions().BusyPause > options.CancelGrace + TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("here/gpu1", "1", "--device cuda:0")]
    [InlineData("here/gpu12.1", "12", "--device cuda:0")]
    [InlineData("here/cpu0", "", "")]
    public void SlotKey_TellsTheWorkerItsDevice(string slot, string visible, string arguments)
    {
        Assert.True(SlotKey.TryParse(slot, out var key));
        Assert.Equal((visible, arguments), (key.Environment["CUDA_VISIBLE_DEVICES"], string.Join(' ', key.WorkerArguments)));
    }


    [Fact]
    public async Task IdleWorker_IsEnded()
    {
        await using var platform = await Platform.StartAsync(_folder, change: o => o with { IdleUnload = TimeSpan.FromMilliseconds(200) });
        await platform.Slot().StartAsync(Work(1));
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(1));
        await Poll.UntilAsync(() => Platform.Workers(_folder).Count == 0, "the worker is gone");
    }

    [Fact]
    public async Task IdleWorker_ThatIsBeingEnded_IsWaitedForByTheNextWork()
    {
        await using var platform = await Platform.StartAsync(_folder, change: o => o with { IdleUnload = TimeSpan.FromMilliseconds(1) });
        for (var fence = 1; fence <= 10; fence++)
        {
            // Whatever the moment, it is taken: nothing runs here.
            Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(Work(fence))).Reply);
            Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(fence));
            await ToldAsync(platform);
        }
    }

    [Fact]
    public async Task SiloEnds_WithWorkRunning_LeavesNoWorkerAndCountsNoFailure()
    {
        await using (var platform = await Platform.StartAsync(_folder, trialSeconds: 60))
        {
            await platform.Slot().StartAsync(Work(1));
            await Poll.UntilAsync(() => platform.Owner.Events(1).Any(e => e is StartedEvent), "the work has begun");
            await platform.DisposeAsync();
            Assert.DoesNotContain(platform.Owner.Events(1), e => e is FailedEvent { Kind: not FailureKind.Cancelled });
        }
        Assert.Empty(Platform.Workers(_folder));
    }

    [Fact]
    public async Task SlotOfAnotherNode_HasNoPlaceHere()
    {
        await using var platform = await Platform.StartAsync(_folder);
        foreach (var key in (string[])["elsewhere/cpu0", "nonsense"])
            await Assert.ThrowsAsync<OrleansException>(() => platform.Grains.GetGrain<ITrainerGrain>(key).RunningFenceAsync(Sweep));
    }
}
