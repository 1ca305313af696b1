using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>What a killed worker and a killed silo cost: time, and not one bit of the numbers.</summary>
[Trait("Category", "Acceptance")]
public sealed class CrashTests(Bases bases, CrashTests.Undisturbed undisturbed) : IClassFixture<CrashTests.Undisturbed>
{
    private const string Name = "crash";
    // Long after the kill there is still much to do, however late it comes on a busy machine; and long before it a checkpoint was written that the silo knows of.
    private const int Steps = 960, Checkpoint = 60, KillAfter = 300;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);

    private static string Yaml(Bases bases) => Sweeps.Tiny(bases.Sums, Name, Steps, Checkpoint);

    [Fact]
    public async Task Run_WorkerKilledInTraining_GoesOnFromTheCheckpointBitForBit()
    {
        await undisturbed.RunAsync(bases);
        using var home = new Home();
        var run = home.Start("sweep", "run", Sweeps.Write(home, Yaml(bases)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= KillAfter, "the sweep trains");
        Assert.Equal(1, home.Kill("Worker"));
        var summary = (await run.EndAsync(_limit)).Done().Json();
        undisturbed.RequireSame(home, summary);
        Assert.All(summary.GetProperty("trials").EnumerateArray(), trial => Assert.Equal(2, trial.GetProperty("fence").GetInt64()));
        RequireResumed(home);
    }

    [Fact]
    public async Task Resume_SiloKilledInTraining_EndsBitForBit()
    {
        await undisturbed.RunAsync(bases);
        using var home = new Home();
        var run = home.Start("sweep", "run", Sweeps.Write(home, Yaml(bases)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= KillAfter, "the sweep trains");
        Assert.Equal(1, home.Kill("Silo"));
        await Home.UntilAsync(() => home.Processes("Worker").Count == 0, "the worker ends by itself when its silo is gone", TimeSpan.FromSeconds(60));
        (await run.EndAsync(_limit)).Refused(1, "silo", $"sweep resume {Name}");
        // What the killed silo had stored is told from its files; no silo is started for it.
        var left = (await home.RunAsync("sweep", "status", Name, "--json")).Done();
        Assert.Equal("interrupted", left.Json().GetProperty("state").GetString());
        Assert.DoesNotContain("starting", left.Error, StringComparison.Ordinal);
        Assert.Empty(home.Processes());

        var summary = (await home.RunAsync("sweep", "resume", Name, "--json")).Done().Json();
        undisturbed.RequireSame(home, summary);
        RequireResumed(home);
    }

    [Fact]
    public async Task Resume_NewestCheckpointDamaged_FallsBackToTheOneBefore()
    {
        await undisturbed.RunAsync(bases);
        using var home = new Home();
        var run = home.Start("sweep", "run", Sweeps.Write(home, Yaml(bases)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= KillAfter, "the sweep trains");
        Assert.Equal(1, home.Kill("Silo"));
        await Home.UntilAsync(() => home.Processes("Worker").Count == 0, "the worker ends by itself when its silo is gone", TimeSpan.FromSeconds(60));
        (await run.EndAsync(_limit)).Ended(1);
        foreach (var folder in Directory.EnumerateDirectories(Sweeps.Folder(home, Name), $"step-{Sweeps.LastCheckpoint(home, Name)}", SearchOption.AllDirectories))
            foreach (var file in Directory.EnumerateFiles(folder, "*.safetensors"))
            {
                await using var stream = File.Open(file, FileMode.Open);
                stream.SetLength(stream.Length / 2);
            }
        undisturbed.RequireSame(home, (await home.RunAsync("sweep", "resume", Name, "--json")).Done().Json());
    }

    [Fact]
    public async Task Resume_WriteAheadLogTornAtItsEnd_LosesNothingThatWasAcknowledged()
    {
        await undisturbed.RunAsync(bases);
        using var home = new Home();
        var run = home.Start("sweep", "run", Sweeps.Write(home, Yaml(bases)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= KillAfter, "the sweep trains");
        Assert.Equal(1, home.Kill("Silo"));
        (await run.EndAsync(_limit)).Ended(1);
        await Home.UntilAsync(() => home.Processes("Worker").Count == 0, "the worker ends by itself when its silo is gone", TimeSpan.FromSeconds(60));
        var log = home["state/grains.db-wal"];
        Assert.True(new FileInfo(log).Length > 0, "a killed silo leaves its log");
        await File.AppendAllTextAsync(log, "half a record, as a power cut leaves it");
        undisturbed.RequireSame(home, (await home.RunAsync("sweep", "resume", Name, "--json")).Done().Json());
    }

    [Fact, Trait("Category", "Soak")]
    public async Task Run_KillStorm_EndsBitForBit()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        await undisturbed.RunAsync(bases);
        using var home = new Home();
        var file = Sweeps.Write(home, Yaml(bases));
        var run = home.Start("sweep", "run", file, "--json");
        for (var round = 1; round <= 8; round++)
        {
            var next = Sweeps.LastCheckpoint(home, Name) + 4 * Checkpoint;
            await Home.UntilAsync(() => run.Process.HasExited || Sweeps.LastCheckpoint(home, Name) >= Math.Min(next, Steps - Checkpoint), "the sweep goes on");
            if (run.Process.HasExited) break;
            home.Kill(round % 2 == 0 ? "Silo" : "Worker");
            if (round % 2 != 0) continue;
            await run.EndAsync(_limit);
            run = home.Start("sweep", "resume", Name, "--json");
        }
        undisturbed.RequireSame(home, (await run.EndAsync(_limit)).Done().Json());
    }

    /// <summary>
    /// The silo is killed the moment a worker has something to report, 20 times at a checkpoint and then at results: what its record says then was answered, and is not computed again; what was
    /// not may be.
    /// </summary>
    [Fact, Trait("Category", "Soak")]
    public async Task Silo_KilledBetweenAReportAndItsAnswer20Times_NothingAnsweredIsComputedAgain()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        await undisturbed.RunAsync(bases);
        using var home = new Home();
        var random = new Random(20260101);
        var run = home.Start("sweep", "run", Sweeps.Write(home, Yaml(bases).Replace($"checkpoint_steps: {Checkpoint}", "checkpoint_steps: 10", StringComparison.Ordinal)), "--json");
        var (answered, resumed, files) = (0, Resumptions(home), new Dictionary<string, int>());
        for (var kill = 1; kill <= 23; kill++)
        {
            // Each checkpoint is a report, and then each result; several results may come at once, so that there are none left for the last kills.
            var (step, results) = (Sweeps.LastCheckpoint(home, Name), ResultFiles(home).Count);
            await Home.UntilAsync(() => kill <= 20 ? Sweeps.LastCheckpoint(home, Name) > step : run.Process.HasExited || ResultFiles(home).Count > results, "there is something to report");
            if (run.Process.HasExited) break;
            await Task.Delay(random.Next(40));
            Assert.Equal(1, home.Kill("Silo"));
            await run.EndAsync(_limit);
            await Home.UntilAsync(() => home.Processes("Worker").Count == 0, "the worker ends by itself when its silo is gone", TimeSpan.FromSeconds(60));
            Assert.All(Resumptions(home).Except(resumed), line => Assert.True(line.Step >= answered, $"went on from step {line.Step} though {answered} was answered"));
            resumed = Resumptions(home);
            foreach (var (trial, count) in files) Assert.Equal(count, ResultFiles(home).Count(file => file.Contains($"/{trial}/", StringComparison.Ordinal)));

            var record = (await home.StartProgram(Programs.Silo, "--stored-sweep", $"default/{Name}").EndAsync(_limit)).Done().Json();
            answered = record.GetProperty("files").EnumerateArray().Select(file => Path.GetFileName(file.GetString()!)).Where(name => name.StartsWith("step-", StringComparison.Ordinal))
                .Select(name => int.Parse(name["step-".Length..], CultureInfo.InvariantCulture)).DefaultIfEmpty(answered).Max();
            foreach (var trial in record.GetProperty("trials").EnumerateArray().Where(trial => trial.GetProperty("metrics").EnumerateObject().Any()).Select(trial => trial.GetProperty("name").GetString()!))
                files[trial] = ResultFiles(home).Count(file => file.Contains($"/{trial}/", StringComparison.Ordinal));
            run = home.Start("sweep", "resume", Name, "--json");
        }
        undisturbed.RequireSame(home, (await run.EndAsync(_limit)).Done().Json());
        foreach (var (trial, count) in files) Assert.Equal(count, ResultFiles(home).Count(file => file.Contains($"/{trial}/", StringComparison.Ordinal)));
    }

    private static List<string> ResultFiles(Home home)
    {
        try
        {
            return [.. Directory.EnumerateFiles(Sweeps.Folder(home, Name), "results_*.json", SearchOption.AllDirectories)];
        }
        catch (DirectoryNotFoundException)
        {
            // A folder was deleted while it was listed.
            return [];
        }
    }

    /// <summary>The steps that attempts went on from, each with its place in the logs.</summary>
    private static List<(string Log, int Line, int Step)> Resumptions(Home home)
        => !Directory.Exists(home["logs"]) ? [] :
        [
            .. from log in Directory.EnumerateFiles(home["logs"], "worker-*.log")
               from line in File.ReadLines(log).Select((text, number) => (Match: Regex.Match(text, "goes on from step ([0-9]+)"), Number: number))
               where line.Match.Success
               select (log, line.Number, int.Parse(line.Match.Groups[1].Value, CultureInfo.InvariantCulture)),
        ];

    /// <summary>The last attempt began at a checkpoint, not at the first step.</summary>
    private static void RequireResumed(Home home)
    {
        var told = Directory.EnumerateFiles(home["logs"], "worker-*.log").SelectMany(File.ReadLines).Where(line => line.Contains("goes on from step", StringComparison.Ordinal)).ToList();
        Assert.True(told.Count > 0, "no worker went on from a checkpoint");
    }

    /// <summary>The sweep without any disturbance.</summary>
    public sealed class Undisturbed : IDisposable
    {
        private readonly Home _home = new();
        private JsonElement? _summary;

        public async Task RunAsync(Bases bases)
            => _summary ??= (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Yaml(bases)), "--json")).Done().Json();

        /// <summary>Requires that another home's sweep ended with every trial done, the same numbers, and the same weights and losses to the last bit.</summary>
        public void RequireSame(Home home, JsonElement summary)
        {
            Assert.All(summary.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
            Assert.Equal(Sweeps.Metrics(_summary!.Value), Sweeps.Metrics(summary));
            Assert.Equal(_summary!.Value.GetProperty("aggregates").GetRawText(), summary.GetProperty("aggregates").GetRawText());
            foreach (var file in (string[])["adapter_model.safetensors", "losses.json"])
            {
                var (expected, actual) = (Sweeps.FilesOf(_home, Name, file), Sweeps.FilesOf(home, Name, file));
                Assert.Equal(4, expected.Count);
                Assert.Equal(expected.Keys, actual.Keys);
                foreach (var (member, bytes) in expected) Assert.True(bytes.AsSpan().SequenceEqual(actual[member]), $"{member}: {file} differs from the undisturbed run's");
            }
        }

        public void Dispose() => _home.Dispose();
    }
}
