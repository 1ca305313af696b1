using System.Text.Json;
using AlpacaCot.Grains.Sweeps;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;

namespace AlpacaCot.Tests.Grains;

/// <summary>Looks at a sweep: the list, the status, what it is made of, each trial's log; and its deletion.</summary>
public sealed class SweepLookTests : SweepScenario
{
    private static async Task<(string State, int Done, int Failed)> ListedAsync(Platform platform)
    {
        var line = Assert.Single(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync());
        return (line.State, line.Done, line.Failed);
    }

    private static (string State, int Done, int Failed) Line(SweepStatus status) => (status.State, status.Trials.Count(t => t.State == "succeeded"), status.Trials.Count(t => t.State == "failed"));

    /// <summary>Two looks, one after the other, may see two moments: what the list says lies between what the sweep says before and after it.</summary>
    private static async Task AgreesAsync(Platform platform)
    {
        var before = Line(await Sweep(platform).GetStatusAsync());
        var listed = await ListedAsync(platform);
        var after = Line(await Sweep(platform).GetStatusAsync());
        Assert.InRange(listed.Done, before.Done, after.Done);
        Assert.True(listed.State == before.State || listed.State == after.State, $"the list says {listed.State}, the sweep {before.State} and {after.State}");
    }

    [Fact]
    public async Task List_AtEveryMoment_SaysWhatTheSweepSays()
    {
        await using var platform = await Platform.StartAsync(Folder, trialSeconds: 0.05);
        await SubmitAsync(platform);
        while ((await Sweep(platform).GetStatusAsync()).State == "running") await AgreesAsync(platform);
        Assert.Equal(Line(await EndAsync(platform)), await ListedAsync(platform));
    }

    [Fact]
    public async Task List_OfASweepThatWasCancelledAndResumed_SaysWhatTheSweepSays()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
        await SubmitSilentlyAsync(platform);
        await Sweep(platform).CancelAsync();
        await AgreesAsync(platform);
        await Poll.UntilAsync(async () => (await Sweep(platform).GetStatusAsync()) is { State: "cancelled", Driven: false }, "the end is dealt with");
        Assert.Equal(("cancelled", 0, 0), await ListedAsync(platform));
        await Sweep(platform).ResumeAsync(retryFailed: false);
        Assert.Equal(("running", 0, 0), await ListedAsync(platform));
    }

    /// <summary>What its records say where no silo runs: it is not done, and nothing of it runs, whatever did when they were written.</summary>
    [Fact]
    public async Task Stored_OfASweepThatItsSiloLeft_IsInterrupted()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
        await SubmitSilentlyAsync(platform);
        Assert.Equal("running", (await Sweep(platform).GetStatusAsync()).State);
        var stored = new StoredSweeps(platform.Storage);
        var status = await stored.StatusAsync("e/s");
        Assert.Equal(("interrupted", false), (status.State, status.Driven));
        Assert.All(status.Trials, trial => Assert.Equal("pending", trial.State));
        Assert.All(status.Packs, pack => Assert.True(pack is { State: "interrupted" or "pending", Slot: null }, pack.ToString()));
        Assert.Equal("interrupted", Assert.Single(await stored.ListAsync("e")).State);
        Assert.Equal("interrupted", (await stored.ShowAsync("e/s"))!.State);
    }

    [Fact]
    public async Task Resume_OfASweepThatIsDone_LeavesTheListAsItWas()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        var done = Line(await EndAsync(platform));
        await Sweep(platform).ResumeAsync(retryFailed: false);
        Assert.Equal(done, await ListedAsync(platform));
    }

    [Fact]
    public async Task Show_NamesSpecificationWithDefaults_FilesAndEveryTrial()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        var status = await EndAsync(platform);
        var details = await Sweep(platform).ShowAsync();
        Assert.NotNull(details);
        Assert.Equal((status.Name, status.State, status.Report), (details.Name, details.State, details.Report));
        Assert.Equal(status.Trials.Select(t => t.Name), details.Trials.Select(t => t.Name));
        Assert.Equal(512, details.Specification.Training.CutoffLen);

        var trial = await Sweep(platform).ShowTrialAsync(status.Trials[0].Name);
        Assert.NotNull(trial);
        Assert.Contains(trial.Adapter!, details.Files);
        Assert.Equal(("lora", 3e-4, "alpaca"), (trial.Configuration.Method!.Method, trial.Configuration.Training!.LearningRate, trial.Configuration.Data!.Template));
        Assert.Equal("goat-arithmetic", Assert.Single(trial.Results).Evaluation);
        Assert.Null(await Sweep(platform).ShowTrialAsync("unheard-of"));
        Assert.Null(await platform.Grains.GetGrain<ISweepGrain>("e/none").ShowAsync());
    }

    [Fact]
    public async Task Logs_OfATrialThatGoesWell_TellItsWholeWay()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        var trial = (await EndAsync(platform)).Trials[1].Name;
        var log = (await Sweep(platform).ShowTrialAsync(trial))!.Log;
        // The log is written beside the drive, not before it.
        await Poll.UntilAsync(() => File.Exists(log) && File.ReadAllText(log).Contains($"{trial} is done", StringComparison.Ordinal), "the log is whole");
        var lines = File.ReadAllLines(log);
        Assert.Contains(lines, line => line.Contains("pack-0", StringComparison.Ordinal) && line.EndsWith("fence 1", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("is trained", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains($"{trial}: goat-arithmetic/", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("ia3", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line));
    }

    [Fact]
    public async Task Delete_RemovesRecordAndFiles_AndTheNameIsFree()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await SubmitAsync(platform);
        await EndAsync(platform);
        var experiment = platform.Grains.GetGrain<IExperimentGrain>("e");
        await DeletedAsync(experiment, keepAdapters: false);
        Assert.Empty(await experiment.ListAsync());
        Assert.False(Directory.Exists(Folder["experiments/e/s"]));
        Assert.Equal("unknown", (await Sweep(platform).GetStatusAsync()).State);
        // Its slots have seen newer fences than a new sweep of that name begins with.
        var again = await SubmitAsync(platform, Yaml.Replace("seeds: [0, 1]", "seeds: [2]", StringComparison.Ordinal));
        Assert.Equal((false, 2, null), (again.Existing, again.Trials, again.Problem));
        Assert.All((await EndAsync(platform)).Trials, trial => Assert.Equal("succeeded", trial.State));
    }

    [Fact]
    public async Task Delete_KeepingAdapters_MovesThemWhereNoOtherSweepWrites()
    {
        await using var platform = await Platform.StartAsync(Folder);
        var experiment = platform.Grains.GetGrain<IExperimentGrain>("e");
        foreach (var kept in (string[])["none+lora+none+s0", "none+lora+none+s0-2"])
        {
            await SubmitAsync(platform);
            var trial = (await EndAsync(platform)).Trials[0].Name;
            var adapter = (await Sweep(platform).ShowTrialAsync(trial))!.Adapter!;
            Directory.CreateDirectory(adapter);
            File.WriteAllText(Path.Combine(adapter, "weights"), kept);
            await DeletedAsync(experiment, keepAdapters: true);
            Assert.False(Directory.Exists(Folder["experiments/e/s"]));
            Assert.Equal(kept, File.ReadAllText(Folder[$"adapters/e/s/{kept}/weights"]));
        }
    }

    [Fact]
    public async Task Delete_OfASweepThatIsNotDone_IsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder, slots: 0, silentDevice: "silent");
        await SubmitSilentlyAsync(platform);
        var reply = await platform.Grains.GetGrain<IExperimentGrain>("e").DeleteAsync("s", keepAdapters: false);
        Assert.True(reply.Unfinished);
        Assert.NotNull(reply.Problem);
        Assert.Equal("running", (await Sweep(platform).GetStatusAsync()).State);
    }

    /// <summary>Its end may still be dealt with when its last trial has ended.</summary>
    private static async Task DeletedAsync(IExperimentGrain experiment, bool keepAdapters)
        => await Poll.UntilAsync(async () => await experiment.DeleteAsync("s", keepAdapters) is { Problem: null }, "it is deleted");
}
