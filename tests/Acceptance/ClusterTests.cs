using System.Diagnostics;
using System.Text.Json;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Two silos of a cluster on this machine, with a PostgreSQL of the tests' own.</summary>
[Collection(OneAtATime.Name), Trait("Category", "Acceptance")]
public sealed class ClusterTests(Bases bases) : IDisposable
{
    private const string Name = "shared";
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(400);
    private readonly Lazy<PrivatePostgres> _database = new(PrivatePostgres.Start);

    public void Dispose()
    {
        if (_database.IsValueCreated) _database.Value.Dispose();
    }

    private Home NewHome() => new() { Cluster = _database.Value.ConnectionString };

    private static Running Silo(Home home, string node, params string[] more) => home.StartProgram(Programs.Silo, ["--node", node, "--slots", "1", .. more]);

    private static async Task ReadyAsync(params Running[] silos)
    {
        await Home.UntilAsync(() => silos.All(silo => silo.Process.HasExited || silo.Said.Contains("silo ready", StringComparison.Ordinal)), "the silos are up");
        foreach (var silo in silos) Assert.Contains("silo ready", silo.Said, StringComparison.Ordinal);
    }

    private static IEnumerable<string?> States(JsonElement summary) => summary.GetProperty("trials").EnumerateArray().Select(trial => trial.GetProperty("state").GetString());

    [Fact]
    public async Task Sweep_OnTwoSilos_IsDoneByBoth()
    {
        using var home = NewHome();
        // Both make the tables, at once.
        Running[] silos = [Silo(home, "a", "--stub-workers", "1"), Silo(home, "b", "--stub-workers", "1")];
        await ReadyAsync(silos);
        var summary = (await home.RunAsync("sweep", "run", Sweeps.Write(home, Sweeps.Tiny(bases.Sums, Name)), "--json")).Done().Json();
        Assert.All(States(summary), state => Assert.Equal("succeeded", state));
        Assert.Contains("slot a/cpu0 started worker", silos[0].Said, StringComparison.Ordinal);
        Assert.Contains("slot b/cpu0 started worker", silos[1].Said, StringComparison.Ordinal);
    }

    /// <summary>One of the two drives the sweep, and either may be the one that dies.</summary>
    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Sweep_SiloKilledInTraining_IsFinishedByTheOther(string victim)
    {
        Assert.SkipWhen(victim == "b" && Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        using var home = NewHome();
        var silos = new Dictionary<string, Running> { ["a"] = Silo(home, "a"), ["b"] = Silo(home, "b") };
        await ReadyAsync([.. silos.Values]);
        var run = home.Start("sweep", "run", Sweeps.Write(home, Sweeps.Tiny(bases.Sums, Name, steps: 400, checkpointSteps: 40)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= 80, "the sweep trains");
        silos[victim].Process.Kill();
        // A lost silo is noticed within 20 s, and what it had is begun anew from the last checkpoint.
        var summary = (await run.EndAsync(_limit)).Done().Json();
        Assert.All(States(summary), state => Assert.Equal("succeeded", state));
    }

    [Fact]
    public async Task Sweep_DatabaseRestarted_GoesOn()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        using var home = NewHome();
        var silo = Silo(home, "a");
        await ReadyAsync(silo);
        var run = home.Start("sweep", "run", Sweeps.Write(home, Sweeps.Tiny(bases.Sums, Name, steps: 400, checkpointSteps: 40)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= 80, "the sweep trains");
        _database.Value.Pause();
        await Home.UntilAsync(() => silo.Said.Contains("could not", StringComparison.Ordinal), "the silo misses its database");
        _database.Value.Resume();
        Assert.All(States((await run.EndAsync(_limit)).Done().Json()), state => Assert.Equal("succeeded", state));
    }

    [Fact]
    public async Task Silo_KilledAndStartedAgain_IsUpAtOnce()
    {
        using var home = NewHome();
        var clock = Stopwatch.StartNew();
        var first = Silo(home, "a");
        await ReadyAsync(first);
        var fresh = clock.Elapsed;
        first.Process.Kill();
        clock.Restart();
        await ReadyAsync(Silo(home, "a"));
        // What a start takes on this machine, and not until the killed one is found dead: 20 s more.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, (2 * fresh.TotalSeconds) + 10);
    }

    /// <summary>Whoever has the database and not the key of the home is answered by no silo, and is no member.</summary>
    [Fact]
    public async Task Client_AndSilo_WithAnotherKey_AreNotTalkedTo()
    {
        using var home = NewHome();
        var silo = Silo(home, "a");
        await ReadyAsync(silo);
        Assert.Empty((await home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray());
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(home["run/cluster.pem"]));
        using var stranger = NewHome();
        (await stranger.RunAsync("sweep", "list")).Refused(2, "no silo of the cluster answers");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(home["run/cluster.pem"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        (await home.RunAsync("sweep", "list")).Refused(2, "cluster.pem", "other users can read", "delete it");
    }

    [Fact]
    public async Task Client_NoSilo_IsTold()
    {
        using var home = NewHome();
        (await home.RunAsync("sweep", "list")).Refused(2, "no silo of the cluster", "silo --node");
    }

    [Theory]
    [InlineData("Host=/nowhere;Username=u", 1, "database", "ALPACACOT_CLUSTER")]
    [InlineData("what is this", 2, "connection string", "ALPACACOT_CLUSTER")]
    public async Task Client_AndSilo_WithoutTheDatabase_SayWhy(string cluster, int code, params string[] words)
    {
        using var home = new Home { Cluster = cluster };
        (await home.RunAsync("sweep", "list")).Refused(code, words);
        (await Silo(home, "a").EndAsync(_limit)).Refused(2, words);
    }
}
