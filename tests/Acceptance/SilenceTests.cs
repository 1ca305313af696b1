using System.Globalization;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Workers whose work stands still: each is ended within its limit, and the sweep goes on.</summary>
[Trait("Category", "Acceptance")]
public sealed class SilenceTests(Bases bases) : IDisposable
{
    /// <summary>The limit that the silo is given, and what ending a worker and starting another takes on a busy machine.</summary>
    private const int Seconds = 25;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(400), _ended = TimeSpan.FromSeconds(Seconds + 60);
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    private async Task SiloAsync()
    {
        var silo = _home.StartProgram(Programs.Silo, "--worker-silence", Seconds.ToString(CultureInfo.InvariantCulture));
        await Home.UntilAsync(() => silo.Said.Contains("silo ready", StringComparison.Ordinal), "the silo is up");
    }

    [Fact]
    public async Task Worker_StoppedInTraining_IsEnded_ItsAttemptCounts_AndTheSweepGoesOnFromItsCheckpoint()
    {
        await SiloAsync();
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "train", steps: 300, checkpointSteps: 20, items: 1)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(_home, "train") >= 40, "the sweep trains");
        var worker = Assert.Single(_home.Processes("Worker"));
        Signals.Send("STOP", worker);
        await Home.UntilAsync(() => !_home.Processes("Worker").Contains(worker), "the worker is ended", _ended);
        var summary = (await run.EndAsync(_limit)).Done().Json();
        Assert.All(summary.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
        Assert.Contains(Directory.EnumerateFiles(_home["logs"], "worker-*.log").SelectMany(File.ReadLines), line => line.Contains("goes on from step", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Worker_StoppedWhileItServes_IsEnded_TheCallerIsTold_AndTheNextIsAnswered()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        await SiloAsync();
        var done = (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "serve", steps: 2, items: 1)), "--json")).Done().Json();
        string[] ask = ["sweep", "ask", "serve", done.GetProperty("trials")[0].GetProperty("name").GetString()!, "--prompt", "2 + 3", "--max-new-tokens", "4"];
        (await _home.RunAsync(ask)).Done();
        Signals.Send("STOP", Assert.Single(_home.Processes("Worker")));
        (await _home.Start(ask).EndAsync(_ended)).Refused(2, "said nothing of its work");
        (await _home.RunAsync(ask)).Done();
    }
}
