using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Tests.Grains;

/// <summary>Sweeps of one home that have keys in common compute them once; the untuned base is asked once for all of them.</summary>
public sealed class SharedSweepsTests : SweepScenario
{
    private const string Base = "none+base+none";

    private async Task<SweepStatus> RunAsync(Platform platform, string name, string seeds, bool fresh = false, bool known = true)
    {
        var facts = !known ? new SpecFacts() : new SpecFacts
        {
            Files = [new ReferencedFiles(ReferencedFiles.Model, "none", []), new ReferencedFiles(ReferencedFiles.Data, "none", [])], Suites = [new SuiteFacts { Name = "goat-arithmetic", ContentHash = "h" }],
        };
        await platform.Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(new SubmitSweep
        {
            Name = name, Spec = SweepDocument.ParseValid(Yaml.Replace("[0, 1]", seeds, StringComparison.Ordinal).Replace("base: false", "base: true", StringComparison.Ordinal)), BaseDirectory = Folder.Path, Facts = facts,
            Directory = Folder[$"experiments/e/{name}"], Fresh = fresh,
        });
        SweepStatus? status = null;
        await Poll.UntilAsync(async () => (status = await platform.Grains.GetGrain<ISweepGrain>($"e/{name}").GetStatusAsync()).State is "done" or "failed", $"{name} has ended");
        Assert.Equal("done", status!.State);
        return status;
    }

    [Fact]
    public async Task TwoSweeps_HalfTheirGridInCommon_TheSecondTrainsTheOtherHalf()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RunAsync(platform, "first", "[0, 1]");
        var second = await RunAsync(platform, "second", "[0, 1, 2, 3]");
        foreach (var trial in second.Trials)
        {
            var old = trial.Name == Base || trial.Name.EndsWith("s0", StringComparison.Ordinal) || trial.Name.EndsWith("s1", StringComparison.Ordinal);
            Assert.Equal(old ? ("e/first", 0L) : (null, trial.Fence), (trial.TakenOverFrom, trial.Fence));
            Assert.True(old || trial.Fence > 0);
        }
        Assert.Contains("5 of 9 trials were taken over from e/first", File.ReadAllText(Path.ChangeExtension(second.Report!, ".md")), StringComparison.Ordinal);
        var fresh = await RunAsync(platform, "fresh", "[0, 1, 2, 3]", fresh: true);
        Assert.All(fresh.Trials, t => Assert.Null(t.TakenOverFrom));
        Assert.Equal(AggregatesOf(fresh), AggregatesOf(second));
    }

    [Fact]
    public async Task TwoSweeps_AllInCommon_TheSecondNeedsNoWorker()
    {
        await using (var platform = await Platform.StartAsync(Folder)) await RunAsync(platform, "first", "[0, 1]");
        await using var again = await Platform.StartAsync(Folder, change: o => o with { WorkerProgram = "/no/worker.dll" });
        Assert.All((await RunAsync(again, "second", "[0, 1]")).Trials, t => Assert.Equal((0, "e/first"), (t.Attempts, t.TakenOverFrom)));
    }

    [Fact]
    public async Task TwoSweeps_ContentUnknown_ShareNothing()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RunAsync(platform, "first", "[0, 1]", known: false);
        Assert.All((await RunAsync(platform, "second", "[0, 1]", known: false)).Trials, t => Assert.Null(t.TakenOverFrom));
        Assert.False(Directory.Exists(Folder["cache/adapters"]));
    }

    [Fact]
    public async Task SharedFolder_ThatIsDamaged_IsComputedAnew()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RunAsync(platform, "first", "[0, 1]");
        foreach (var file in Directory.EnumerateFiles(Folder["cache/adapters"], "shared.json", SearchOption.AllDirectories)) File.WriteAllText(file, "{");
        var second = await RunAsync(platform, "second", "[0, 1]");
        Assert.All(second.Trials, t => Assert.Equal(t.Name == Base, t.Fence == 0));
    }
}
