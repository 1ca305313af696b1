using System.Diagnostics;
using System.Globalization;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>One pack with all misfortunes at once, with real processes and a real file system that is full.</summary>
[Trait("Category", "Acceptance")]
public sealed class TroubledPackTests(Bases bases)
{
    private const string Name = "trouble";
    private const int Steps = 3000;
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _full = TimeSpan.FromSeconds(20);

    private static string Yaml(string model) => Sweeps.Tiny(model, Name, Steps, checkpointSteps: 20).Replace("seeds: [0, 1]", "seeds: [0, 1, 2]", StringComparison.Ordinal)
        .Replace("  - { name: ia3, method: ia3 }\n", "", StringComparison.Ordinal)
        + "\n  - { name: more, suite: goat-arithmetic, limit: 3, options: { seed: 5 } }\n  - { name: asked, suite: exact-match, options: { file: questions.jsonl } }\n";

    [Fact, Trait("Category", "Soak")]
    public async Task Pack_FullDisk_NoMemory_AndASuiteThatCannotRun_LosesThatSuiteAndTrainsNothingTwice()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        using var home = new Home();
        await File.WriteAllTextAsync(home["questions.jsonl"], """{"question":"1 + 1","answer":"2"}""");
        using var disk = SmallDisk.TryMount(home["experiments"]);
        Assert.SkipWhen(disk is null, "needs to mount a small file system");

        var run = home.Start("sweep", "run", Sweeps.Write(home, Yaml(bases.Sums)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) >= 20, "the sweep trains");
        disk.Fill();
        File.Delete(home["questions.jsonl"]);
        await Task.Delay(_full);
        Assert.False(run.Process.HasExited, "a full disk ends nothing");
        var kept = Sweeps.LastCheckpoint(home, Name);
        disk.Free();

        // As .NET ends that gets no memory: it says so, and aborts.
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, Name) > kept, "the pack goes on when there is room again");
        var worker = Assert.Single(home.Processes("Worker"));
        var log = File.ResolveLinkTarget(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/fd/2"), returnFinalTarget: true)!;
        await File.AppendAllTextAsync(log.FullName, "Out of memory.\n");
        await Signals.AbortAsync(worker);
        await Home.UntilAsync(() => !home.Processes("Worker").Contains(worker), "the worker has aborted");
        Assert.InRange(Sweeps.LastCheckpoint(home, Name), kept, Steps - 1);

        var summary = (await run.EndAsync(_limit)).Ended(1).Json();
        var trials = summary.GetProperty("trials").EnumerateArray().ToList();
        Assert.Equal(3, trials.Count);
        Assert.All(trials, trial =>
        {
            var metrics = trial.GetProperty("metrics");
            Assert.Equal(["goat-arithmetic", "more"], metrics.EnumerateObject().Select(metric => metric.Name.Split('/')[0]).Distinct().Order(StringComparer.Ordinal));
            Assert.Equal("failed", trial.GetProperty("state").GetString());
            Assert.Contains("asked", trial.GetProperty("message").GetString(), StringComparison.Ordinal);
        });
        var words = string.Concat(Directory.EnumerateFiles(Path.Combine(Sweeps.Folder(home, Name), "logs")).Select(File.ReadAllText));
        Assert.True(words.Contains("tokens a micro-batch", StringComparison.Ordinal), words);
        var resumed = Directory.EnumerateFiles(home["logs"], "worker-*.log").SelectMany(File.ReadLines).Count(line => line.Contains("goes on from step", StringComparison.Ordinal));
        Assert.True(resumed >= 2, $"went on from a checkpoint {resumed} times");
        // Each member has one adapter, of the last attempt: none was trained a second time.
        Assert.Equal(3, Sweeps.FilesOf(home, Name, "adapter_model.safetensors").Count);
        Assert.Equal(3, Directory.EnumerateFiles(Sweeps.Folder(home, Name), "adapter_model.safetensors", SearchOption.AllDirectories).Count(file => !file.Contains("/checkpoints/", StringComparison.Ordinal)));
    }

    /// <summary>A file system of a few megabytes at a folder.</summary>
    private sealed class SmallDisk(string folder) : IDisposable
    {
        private string Filler => Path.Combine(folder, "filler");

        /// <summary>Mounts it; null where this user may not.</summary>
        public static SmallDisk? TryMount(string folder)
        {
            Directory.CreateDirectory(folder);
            return Run("mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "none", folder) ? new SmallDisk(folder) : null;
        }

        public void Fill()
        {
            using var file = File.Create(Filler);
            var block = new byte[4096];
            try
            {
                while (true)
                {
                    file.Write(block);
                    file.Flush();
                }
            }
            catch (IOException)
            {
                // Full.
            }
        }

        public void Free() => File.Delete(Filler);

        public void Dispose() => Run("umount", "-l", folder);

        private static bool Run(string program, params string[] arguments)
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
