namespace AlpacaCot.Tests.Acceptance;

/// <summary>What scripts see of a command: 0 done, 1 the work failed, 2 the request was wrong, 130 cancelled.</summary>
[Trait("Category", "Acceptance")]
public sealed class ExitCodeTests(Bases bases) : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Run_OneTrialFails_EndsWith1AndSaysWhichInTheSummary()
    {
        // One precision each, so that they are in packs of their own; one adapter is larger than any file may be here.
        var yaml = Sweeps.Tiny(bases.Sums, "mixed").Replace("r: 4,", "r: 2048,", StringComparison.Ordinal).Replace("  - { name: nano,", $"  - {{ name: other, path: \"{bases.Sums}\", load: bf16 }}\n  - {{ name: nano,", StringComparison.Ordinal)
            + "\nexclude: [{ model: nano, peft: [ia3] }, { model: other, peft: [lora] }]\n";
        var ran = (await _home.RunLimitedAsync(512, "sweep", "run", Sweeps.Write(_home, yaml), "--json")).Ended(1);
        var summary = ran.Json();
        Assert.Equal("failed", summary.GetProperty("state").GetString());
        foreach (var trial in summary.GetProperty("trials").EnumerateArray())
            Assert.Equal(trial.GetProperty("name").GetString()!.Contains("lora", StringComparison.Ordinal) ? "failed" : "succeeded", trial.GetProperty("state").GetString());
        Assert.Equal("failed", (await _home.RunAsync("sweep", "status", "mixed", "--json")).Done().Json().GetProperty("state").GetString());
        Assert.Equal("failed", Assert.Single((await _home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray()).GetProperty("state").GetString());
        // Resumed without being asked to try again it is as it was.
        (await _home.RunAsync("sweep", "resume", "mixed", "--json")).Ended(1);
    }

    [Theory]
    [InlineData("name: x\nmodels: m\npeft: [{ name: l, method: unheard-of }]\ndata: [{ name: d, sources: [goat] }]")]
    [InlineData("name: [")]
    public async Task Validate_WrongFile_EndsWith2(string yaml)
    {
        var file = Sweeps.Write(_home, yaml);
        (await _home.RunAsync("sweep", "validate", file)).Ended(2);
        Assert.False((await _home.RunAsync("sweep", "validate", file, "--json")).Ended(2).Json().GetProperty("valid").GetBoolean());
    }

    [Fact]
    public async Task Run_Interrupted_EndsWith130_LeavesNoProcessAndCanBeTakenUp()
    {
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "long", steps: 400, checkpointSteps: 10)));
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(_home, "long") >= 20, "the sweep trains");
        Signals.Send("INT", run.Process.Id);
        var ended = (await run.EndAsync(_limit)).Ended(130);
        Assert.Contains("sweep resume long", ended.Error, StringComparison.Ordinal);
        await Home.UntilAsync(() => _home.Processes().Count == 0, "the command's silo and worker end with it", _limit);
        Assert.Equal("interrupted", (await _home.RunAsync("sweep", "status", "long", "--json")).Done().Json().GetProperty("state").GetString());
        Assert.Contains("interrupted", (await _home.RunAsync("sweep", "list")).Done().Output, StringComparison.Ordinal);
    }

    /// <summary>Rows enough that nobody reads and tokenises them all before the signal comes.</summary>
    [Fact]
    public async Task DataShow_ToldToEndWhileItsWorkerReadsRows_EndsWith130AndLeavesNoProcess()
    {
        var row = $$"""{"instruction":"{{string.Concat(Enumerable.Repeat("Count the apples. ", 20))}}","input":"","output":"{{string.Concat(Enumerable.Repeat("one two three ", 20))}}"}""" + "\n";
        await using (var rows = File.CreateText(_home["rows.jsonl"]))
            for (var i = 0; i < 60_000; i++) await rows.WriteAsync(row);
        var run = _home.Start("data", "show", _home["rows.jsonl"], "--model", bases.Sums, "--rows", "0");
        // Beside the command itself.
        await Home.UntilAsync(() => _home.Processes().Count > 1, "the worker is there");
        Signals.Send("TERM", run.Process.Id);
        var ended = (await run.EndAsync(_limit)).Ended(130);
        Assert.Equal("cancelled", ended.Error.TrimEnd().Split('\n')[^1]);
        Assert.Empty(ended.Output);
        await Home.UntilAsync(() => _home.Processes().Count == 0, "the worker ends with its command", _limit);
    }

    [Fact]
    public async Task Status_UnknownSweep_EndsWith2() => (await _home.RunAsync("sweep", "status", "unheard-of")).Refused(2, "unheard-of", "sweep list");
}
