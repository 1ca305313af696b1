using AlpacaCot.Tests.LocalSilo.Processes;

namespace AlpacaCot.Tests.LocalSilo.Storage;

public sealed class CrashTests
{
    [Fact]
    public async Task KillNine_DuringWrites_EveryAcknowledgedWriteIsThere()
    {
        using var folder = new TemporaryFolder();
        var root = folder["state"];
        var acknowledged = new Dictionary<string, int>();
        for (var round = 0; round < 3; round++)
        {
            using (var child = await ChildProcess.StartAsync("write", root))
            {
                for (var i = 0; i < 400 + round * 333 || acknowledged.Count < 16; i++) Note(acknowledged, await child.Output.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
                child.Kill();
                while (await child.Output.ReadLineAsync() is { } rest) Note(acknowledged, rest);
            }
            await using var silo = await TestSilo.StartAsync(builder => builder.AddJournalGrainStorageAsDefault(o => o.Root = root));
            Assert.Equal(16, acknowledged.Count);
            foreach (var (name, value) in acknowledged)
            {
                var stored = await silo.Grains.GetGrain<IDurableCounterGrain>(name).Get();
                // One more may have been written whose acknowledgement the kill swallowed.
                Assert.InRange(stored, value, value + 1);
            }
        }
    }

    [Fact]
    public async Task SecondProcess_OnTheSameRoot_FailsWithOneClearLine()
    {
        using var folder = new TemporaryFolder();
        using var first = await ChildProcess.StartAsync("idle", folder["state"]);
        using var second = ChildProcess.Start("idle", folder["state"]);
        await second.WaitForExitAsync();
        Assert.Equal(3, second.ExitCode);
        var line = await second.Output.ReadLineAsync();
        Assert.Contains("is in use by process", line, StringComparison.Ordinal);
        Assert.Null(await second.Output.ReadLineAsync());
    }

    [Fact]
    public async Task FullDisk_FailsTheWriteWithItsFile_AndKeepsWhatWasAcknowledged()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a file-size limit stands for a full disk, and needs ulimit");
        using var folder = new TemporaryFolder();
        using (var child = ChildProcess.StartLimited(300, "fill", folder["state"]))
        {
            Assert.Equal("ready", await child.Output.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
            var line = await child.Output.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Contains("cannot write", line, StringComparison.Ordinal);
            Assert.Contains("Free some space", line, StringComparison.Ordinal);
            await child.WaitForExitAsync();
            Assert.Equal(0, child.ExitCode);
            var written = int.Parse(line!.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(written, 20, 30);
            await using var silo = await TestSilo.StartAsync(builder => builder.AddJournalGrainStorageAsDefault(o => o.Root = folder["state"]));
            for (var i = 0; i < written; i++) Assert.Equal(10_000, await silo.Grains.GetGrain<IDurableCounterGrain>($"c{i}").Get());
            Assert.Equal(0, await silo.Grains.GetGrain<IDurableCounterGrain>($"c{written}").Get());
        }
    }

    private static void Note(Dictionary<string, int> acknowledged, string? line)
    {
        // The last line may be cut by the kill.
        if (line?.Split(' ') is [var name, var number] && int.TryParse(number, out var value)) acknowledged[name] = Math.Max(value, acknowledged.GetValueOrDefault(name));
    }
}
