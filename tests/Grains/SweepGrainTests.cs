using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Specs.Methods;
using Microsoft.Extensions.DependencyInjection;
using SlotReport = AlpacaCot.Grains.Contracts.SlotReport;

namespace AlpacaCot.Tests.Grains;

/// <summary>Sweeps from submission to their end, with workers and other nodes that fail them.</summary>
public sealed class SweepGrainTests : SweepScenario
{
    [Fact]
    public async Task Submit_RunsToItsEnd_WithReportAndAggregates()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 2);
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
        Assert.NotEqual("[]", AggregatesOf(status));
        foreach (var file in (string[])["report.html", "report.md", "report.json"]) Assert.True(new FileInfo(Folder[$"experiments/e/s/{file}"]).Length > 0);
        Assert.Equal(Folder["experiments/e/s/report.html"], status.Report);
        Assert.All(status.Packs, pack => Assert.Equal(("done", null), (pack.State, pack.Slot)));
        Assert.All(await platform.Registry.ListAsync(), slot => Assert.Null(slot.User));
        await Poll.UntilAsync(async () => Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()) is { State: "done", Done: 4, Failed: 0 }, "the experiment knows");
    }

    [Fact]
    public async Task Submit_Again_IsTheSameSweep_AndAnotherFileIsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        Assert.Equal(new SubmitReply("e/s", 4, Existing: true, null), await SubmitAsync(platform));
        await EndAsync(platform);
        Assert.Equal(new SubmitReply("e/s", 4, Existing: true, null), await SubmitAsync(platform));
        var refused = await SubmitAsync(platform, Yaml.Replace("[0, 1]", "[0, 2]", StringComparison.Ordinal));
        Assert.Contains("choose another name", refused.Problem, StringComparison.Ordinal);
        Assert.Equal("done", (await EndAsync(platform)).State);
        Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync());
    }

    [Theory]
    [InlineData("name: [")]
    [InlineData("name: s\npeft: unheard-of\nmodels: m\ndata: d")]
    public async Task Submit_UnreadableFile_IsRefusedAndLeavesNothing(string yaml)
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0);
        Assert.NotNull((await SubmitAsync(platform, yaml)).Problem);
        Assert.Equal("unknown", (await Sweep(platform).GetStatusAsync()).State);
        Assert.Empty(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync());
    }

    [Fact]
    public async Task UnknownSweep_AnswersEverythingHarmlessly()
    {
        await using var platform = await Platform.StartAsync(Folder);
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
        await using var platform = await Platform.StartAsync(Folder, slots: 2, trialSeconds: 0.05);
        await SubmitAsync(platform);
        var news = new List<WatchedEvent>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
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
        await using (var platform = await Platform.StartAsync(Folder, trialSeconds: 60))
        {
            await SubmitAsync(platform);
            await RunningAsync(platform);
            await Sweep(platform).CancelAsync();
            var status = await Sweep(platform).GetStatusAsync();
            Assert.Equal("cancelled", status.State);
            Assert.Contains(status.Trials, t => t.State == "cancelled");
            await Poll.UntilAsync(async () => (await platform.Registry.ListAsync()).All(s => s.User is null), "the slots are given back");
            await Sweep(platform).ResumeAsync(retryFailed: false);
            await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Trials.Any(t => t.State == "running"), "it goes on");
        }
        // With workers that do not take a minute for a trial.
        await using var quick = await Platform.StartAsync(Folder);
        Assert.Equal("done", (await EndAsync(quick)).State);
    }

    [Fact]
    public async Task Cancel_StaysSoOverARestart_AlsoWhereNothingDroveIt()
    {
        await using (var platform = await Platform.StartAsync(Folder, slots: 0))
        {
            await SubmitAsync(platform);
            await Sweep(platform).CancelAsync();
            await Poll.UntilAsync(async () => Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()).State == "cancelled", "the experiment knows");
        }
        await using var again = await Platform.StartAsync(Folder);
        Assert.Equal("cancelled", (await Sweep(again).GetStatusAsync()).State);
        Assert.Empty(Platform.Workers(Folder));
    }

    [Fact]
    public async Task Progress_CountsWhatStatusShows()
    {
        await using (var platform = await Platform.StartAsync(Folder, trialSeconds: 60))
        {
            Assert.Equal("unknown", (await Sweep(platform).GetProgressAsync()).State);
            await SubmitAsync(platform);
            await RunningAsync(platform);
            var running = await Sweep(platform).GetProgressAsync();
            Assert.Equal(("s", "running", 4, 0), (running.Name, running.State, running.Trials, running.Failed));
            Assert.Contains(running.Packs, pack => pack.State == "running");
        }
        await using var quick = await Platform.StartAsync(Folder);
        await EndAsync(quick);
        var done = await Sweep(quick).GetProgressAsync();
        Assert.Equal(("done", 4, 0, null), (done.State, done.Done, done.Failed, done.Problem));
    }

    [Fact]
    public async Task TwoNodes_OneIsKilled_TheOtherFinishesTheSweep()
    {
        // A node that is merely slow on a busy machine must not be forgotten before it is killed, nor its pack be over before the other's has begun.
        await using var platform = await Platform.StartAsync(Folder, trialSeconds: 1, nodes: ["here", "there"], change: o => o with { NodeExpiry = TimeSpan.FromSeconds(10) });
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
    public async Task WorkerKilled_CostsAnAttemptAndNoResult()
    {
        await using (var platform = await Platform.StartAsync(Folder, trialSeconds: 60))
        {
            await SubmitAsync(platform);
            await RunningAsync(platform);
            Signals.Send("KILL", Assert.Single(Platform.Workers(Folder)));
            await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Trials.Any(t => t is { State: "running", Attempts: 2 }), "it is tried again");
        }
        await using var quick = await Platform.StartAsync(Folder);
        Assert.Equal("done", (await EndAsync(quick)).State);
    }

    [Fact]
    public async Task WorkerThatCannotBeStarted_IsNoAttempt()
    {
        await using var platform = await Platform.StartAsync(Folder, change: o => o with { WorkerProgram = "/no/worker.dll" });
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
    public async Task TwoSweeps_ShareTheSlots_OneAfterTheOther()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        var other = platform.Grains.GetGrain<IExperimentGrain>("e");
        await other.SubmitAsync(Request() with { Name = "t", Directory = Folder["experiments/e/t"] });
        await EndAsync(platform);
        await Poll.UntilAsync(async () => (await platform.Grains.GetGrain<ISweepGrain>("e/t").GetStatusAsync()).State == "done", "the second sweep is done");
        await Poll.UntilAsync(async () => (await other.ListAsync()) is [{ Name: "s", State: "done" }, { Name: "t", State: "done" }], "the experiment knows both");
    }

    /// <summary>Every method once: those that share a base are packs together, those that train it a pack each; an adapter is served beside its base, a trained base as one of its own.</summary>
    [Fact]
    public async Task Locate_ATrialOfEveryMethod_NamesWhatIsServed()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 2);
        var peft = string.Join(", ", MethodCatalogue.All.Select(method => $"{{ name: {method.Name}, method: {method.Name}{(method.Option("total_step") is null ? "" : ", total_step: 1")} }}"));
        await SubmitAsync(platform, Yaml.Replace("[0, 1]", "[0]", StringComparison.Ordinal).Replace("peft: [{ name: lora, method: lora }, { name: ia3, method: ia3 }]", $"peft: [{peft}]", StringComparison.Ordinal));
        var status = await EndAsync(platform);
        Assert.Equal(("done", MethodCatalogue.All.Count), (status.State, status.Trials.Count(trial => trial.State == "succeeded")));
        var whole = MethodCatalogue.All.Count(method => method.TrainsBase);
        // Two slots share those that share a base.
        Assert.InRange(status.Packs.Count(pack => pack.State == "done"), 1 + whole, 2 + whole);
        var models = await Task.WhenAll(status.Trials.Select(trial => Sweep(platform).LocateAsync(trial.Name)));
        Assert.All(models, model => Assert.Null(model.Problem));
        Assert.Equal(MethodCatalogue.All.Count - whole, models.Count(model => model is { Base: "none", Adapter: not null }));
        Assert.Equal(whole, models.Count(model => model.Adapter is null && model.Base.StartsWith(Folder.Path, StringComparison.Ordinal)));
        Assert.Contains("no trial 'x'", (await Sweep(platform).LocateAsync("x")).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelServer_ThatCannotLoad_SaysWhyAndGivesTheSlotBack()
    {
        await using var platform = await Platform.StartAsync(Folder);
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
