using AlpacaCot.Specs;
using Microsoft.Extensions.DependencyInjection;

namespace AlpacaCot.Tests.Grains;

/// <summary>What is on disk when a sweep answers, and what happens when it cannot be written.</summary>
public sealed class SweepRecordTests : SweepScenario
{
    [Fact]
    public async Task Status_WhileTheRecordIsBeingWritten_IsAnswered()
    {
        await using var platform = await Platform.StartAsync(Folder, trialSeconds: 60);
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
        // What changes the sweep is answered once it is written.
        var sweep = Sweep(platform);
        var cancel = sweep.CancelAsync();
        await writing.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Task.WhenAll(sweep.GetStatusAsync(), sweep.GetProgressAsync(), sweep.LocateAsync("t"), platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync()).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(cancel.IsCompleted);
        platform.Storage.Before = (_, _) => Task.CompletedTask;
        written.SetResult();
        await cancel;
        Assert.Equal("cancelled", (await sweep.GetStatusAsync()).State);
    }

    [Fact]
    public async Task Report_IsAnsweredOnceItIsOnDisk()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
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
        await writing.Task.WaitAsync(TimeSpan.FromSeconds(60));
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
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
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
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
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
        await using var platform = await Platform.StartAsync(Folder);
        // From the first worker on, before it can have said anything.
        platform.Storage.Fails = (part, grain) => part == "sweep" && grain.ToString() == "sweep/e/s" && Platform.Workers(Folder).Count > 0;
        await SubmitAsync(platform, Yaml.Replace("[0, 1]", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", StringComparison.Ordinal));
        await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Problem?.Contains("no space left", StringComparison.Ordinal) == true, "the problem is shown");
        platform.Storage.Fails = (_, _) => false;
        Assert.Equal(("done", null), await EndAsync(platform) is var status ? (status.State, status.Problem) : default);
    }

    [Fact]
    public async Task Checkpoint_Accepted_DeletesWhatEarlierFencesLeft()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
        var first = await SubmitSilentlyAsync(platform);
        string At(long fence, string path)
        {
            var place = Folder[$"experiments/e/s/pack-0/{fence}/{path}"];
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

    [Theory]
    [InlineData("submission")]
    [InlineData("shard-0")]
    [InlineData("sweep")]
    public async Task Submit_RecordThatCannotBeWritten_ThrowsAndLeavesNothing(string part)
    {
        await using var platform = await Platform.StartAsync(Folder);
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
        await using var platform = await Platform.StartAsync(Folder);
        // From the first worker on, before it can have said anything.
        platform.Storage.Fails = (_, grain) => grain.ToString() == "sweep/e/s" && Platform.Workers(Folder).Count > 0;
        await SubmitAsync(platform);
        await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()).Problem?.Contains("no space left", StringComparison.Ordinal) == true, "the problem is shown");
        Assert.Equal((await Sweep(platform).GetStatusAsync()).Problem, (await Sweep(platform).GetProgressAsync()).Problem);
        platform.Storage.Fails = (_, _) => false;
        var status = await EndAsync(platform);
        Assert.Equal(("done", null), (status.State, status.Problem));
        Assert.All(status.Trials, t => Assert.Equal("succeeded", t.State));
    }

    [Fact]
    public async Task ReportThatCannotBeWritten_DoesNotHoldTheSweep_AndComesLater()
    {
        Directory.CreateDirectory(Folder["experiments/e"]);
        File.WriteAllText(Folder["experiments/e/s"], "in the way");
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        var status = await EndAsync(platform);
        Assert.Equal(("done", null), (status.State, status.Report));
        File.Delete(Folder["experiments/e/s"]);
        var files = await Sweep(platform).WriteReportAsync();
        Assert.Equal(files.Html, (await Sweep(platform).GetStatusAsync()).Report);
    }
}
