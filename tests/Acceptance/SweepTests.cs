using System.Text.Json;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>A sweep from its file to its report, and the commands about it.</summary>
[Trait("Category", "Acceptance")]
public sealed class SweepTests(Bases bases, SweepTests.FinishedSweep finished) : IClassFixture<SweepTests.FinishedSweep>
{
    /// <summary>Four tuned trials, and the base that they are compared with.</summary>
    private const int Trials = 5, Trainings = 4;

    [Fact]
    public async Task Run_TinySweep_PrintsOneDocumentAndWritesTheReport()
    {
        var ran = await finished.RunAsync(bases);
        ran.Done();
        var summary = ran.Json();
        Assert.Equal("tiny", summary.GetProperty("name").GetString());
        var trials = summary.GetProperty("trials").EnumerateArray().ToList();
        Assert.Equal(Trials, trials.Count);
        Assert.Equal(Trials, trials.Select(t => t.GetProperty("name").GetString()).Distinct().Count());
        Assert.All(trials, trial =>
        {
            Assert.Equal("succeeded", trial.GetProperty("state").GetString());
            var metrics = trial.GetProperty("metrics").EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetDouble());
            Assert.Contains("goat-arithmetic/exact_match", metrics.Keys);
            Assert.All(metrics.Values, value => Assert.True(double.IsFinite(value)));
        });
        Assert.NotEqual(JsonValueKind.Null, summary.GetProperty("aggregates").ValueKind);
        Assert.NotEqual(JsonValueKind.Undefined, summary.GetProperty("aggregates").ValueKind);

        var page = await File.ReadAllTextAsync(summary.GetProperty("report").GetString()!);
        Assert.StartsWith("<!doctype html", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        foreach (var outside in (string[])["<script src", "<link", "src=\"http", "url(http", "@import"]) Assert.DoesNotContain(outside, page, StringComparison.OrdinalIgnoreCase);
        foreach (var trial in trials) Assert.Contains(trial.GetProperty("name").GetString()!, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Ended_LeavesNoProcess()
    {
        await finished.RunAsync(bases);
        await Home.UntilAsync(() => finished.Home.Processes().Count == 0, "the command's silo and worker end with it", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Run_SameFileAgain_ReturnsTheSameNumbersWithoutTraining()
    {
        var first = (await finished.RunAsync(bases)).Json();
        var again = (await finished.Home.RunAsync("sweep", "run", finished.File, "--json")).Done();
        Assert.Equal(Sweeps.Metrics(first), Sweeps.Metrics(again.Json()));
        Assert.Equal(first.GetProperty("aggregates").GetRawText(), again.Json().GetProperty("aggregates").GetRawText());
        Assert.Equal(first.GetProperty("trials").GetRawText(), again.Json().GetProperty("trials").GetRawText());
        Assert.Equal(["1"], Directory.EnumerateDirectories(Path.Combine(Sweeps.Folder(finished.Home, "tiny"), "pack-0")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Run_OtherFileUnderTheSameName_IsRefused()
    {
        await finished.RunAsync(bases);
        var other = Sweeps.Write(finished.Home, Sweeps.Tiny(bases.Sums, steps: 5, untuned: true), "other.yaml");
        (await finished.Home.RunAsync("sweep", "run", other)).Refused(2, "tiny", "--name");
    }

    [Fact]
    public async Task Status_FinishedSweep_NamesEveryTrialWithFenceAttemptsAndMetrics()
    {
        var summary = (await finished.RunAsync(bases)).Json();
        var status = (await finished.Home.RunAsync("sweep", "status", "tiny", "--json")).Done().Json();
        Assert.Equal("done", status.GetProperty("state").GetString());
        var trials = status.GetProperty("trials").EnumerateArray().ToList();
        Assert.Equal(Trials, trials.Count);
        Assert.All(trials, trial =>
        {
            Assert.Equal("succeeded", trial.GetProperty("state").GetString());
            // All are trained under the first fence, and asked with the base under the second.
            Assert.Equal(trial.GetProperty("name").GetString() == "nano+base+none" ? 2 : 1, trial.GetProperty("fence").GetInt64());
            Assert.InRange(trial.GetProperty("attempts").GetInt32(), 0, 1);
        });
        var metrics = trials.ToDictionary(t => t.GetProperty("name").GetString()!, t => t.GetProperty("metrics").GetProperty("goat-arithmetic/exact_match").GetDouble());
        foreach (var trial in summary.GetProperty("trials").EnumerateArray())
            Assert.Equal(trial.GetProperty("metrics").GetProperty("goat-arithmetic/exact_match").GetDouble(), metrics[trial.GetProperty("name").GetString()!]);
    }

    [Fact]
    public async Task ListAndReport_FinishedSweep_FindIt()
    {
        await finished.RunAsync(bases);
        var listed = Assert.Single((await finished.Home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray());
        Assert.Equal("tiny", listed.GetProperty("name").GetString());
        Assert.Equal("done", listed.GetProperty("state").GetString());
        Assert.Equal(Trials, listed.GetProperty("done").GetInt32());
        var report = (await finished.Home.RunAsync("sweep", "report", "tiny", "--json")).Done().Json();
        foreach (var file in (string[])["html", "markdown", "json"]) Assert.True(System.IO.File.Exists(report.GetProperty(file).GetString()));
    }

    [Fact]
    public async Task Validate_SoundSweep_ShowsThePlan()
    {
        var check = (await finished.Home.RunAsync("sweep", "validate", await finished.FileAsync(bases), "--json")).Done().Json();
        Assert.True(check.GetProperty("valid").GetBoolean());
        Assert.Equal(Trials, check.GetProperty("trials").GetInt32());
        Assert.Equal(Trainings, check.GetProperty("trainings").GetInt32());
    }

    [Fact]
    public async Task Cancel_RunningSweep_EndsItAndResumeTakesItUp()
    {
        using var home = new Home();
        var file = Sweeps.Write(home, Sweeps.Tiny(bases.Sums, "long", steps: 600, checkpointSteps: 5));
        var run = home.Start("sweep", "run", file, "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, "long") >= 10, "the sweep trains");
        (await home.RunAsync("sweep", "cancel", "long")).Done();
        (await run.EndAsync(TimeSpan.FromSeconds(60))).Ended(130);
        Assert.Equal("cancelled", (await home.RunAsync("sweep", "status", "long", "--json")).Done().Json().GetProperty("state").GetString());
        var resumed = (await home.RunAsync("sweep", "resume", "long", "--json")).Done().Json();
        Assert.All(resumed.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
    }

    /// <summary>The tiny sweep, run once for all tests of the class.</summary>
    public sealed class FinishedSweep : IDisposable
    {
        private Ran? _ran;

        public Home Home { get; } = new();

        public string File => Home["sweep.yaml"];

        public Task<string> FileAsync(Bases bases) => Task.FromResult(Sweeps.Write(Home, Sweeps.Tiny(bases.Sums, untuned: true)));

        public async Task<Ran> RunAsync(Bases bases) => _ran ??= await Home.RunAsync("sweep", "run", await FileAsync(bases), "--json");

        public void Dispose() => Home.Dispose();
    }
}
