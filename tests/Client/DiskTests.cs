using AlpacaCot.Client.Commands;
using AlpacaCot.Client.Running;
using AlpacaCot.Files;

namespace AlpacaCot.Tests.Client;

/// <summary>What lies in a home, and what of it may go.</summary>
public sealed class DiskTests : IDisposable
{
    private static readonly DateTimeOffset _later = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(2);
    private readonly TemporaryFolder _folder = new();

    private HomeLayout Home => new(_folder.Path);

    public void Dispose() => _folder.Dispose();

    private string Write(string path, int bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[path])!);
        File.WriteAllBytes(_folder[path], new byte[bytes]);
        return _folder[path];
    }

    [Fact]
    public void Places_AddUpToWhatIsThere()
    {
        Write("models/nano/model.safetensors", 100);
        Write("cache/tokens/a", 20);
        Write("cache/adapters/k/w", 7);
        Write("cache/fingerprints/f", 3);
        Write("experiments/default/first/pack-0/1/a/w", 40);
        Write("experiments/other/second/report.html", 5);
        Write("state/grains.db", 11);
        Write("logs/silo.log", 2);
        var places = DiskUsage.Places(Home);
        Assert.Equal(
            [("models", 100), ("token cache", 20), ("shared adapters", 7), ("other caches", 3), ("sweep default/first", 40), ("sweep other/second", 5), ("records", 11), ("logs", 2)],
            places.Select(p => (p.Place, (int)p.Bytes)));
        Assert.Equal(8, places.Sum(p => p.Files));
    }

    [Fact]
    public void Removable_IsWhatNothingNeeds_AndNothingElse()
    {
        var tokens = Write("cache/tokens/a", 20);
        var checkpoints = Path.GetDirectoryName(Path.GetDirectoryName(Write("experiments/default/done/pack-0/1/checkpoints/step-4/w", 40))!)!;
        Write("experiments/default/cut/pack-0/1/checkpoints/step-4/w", 40);
        Write("experiments/default/done/pack-0/1/a/adapter_model.safetensors", 9);
        var (worker, tool) = (Write("logs/worker-local-cpu0-1.log", 5), Write("logs/tool-train-7.log", 5));
        Write("logs/silo.log", 5);
        Write("cache/adapters/k/w", 7);
        var remains = Write("models/.nano.0123.tmp", 6);
        IReadOnlyList<string> Paths(bool busy, DateTimeOffset now) => [.. DiskUsage.Removable(Home, now, busy, sweep => sweep.Name == "done").Select(item => item.Path)];
        Assert.Equal([tokens, tool, worker, checkpoints, remains], Paths(busy: false, _later));
        // While sweeps run, what they may be using stays; so does what was written just now.
        Assert.Equal([checkpoints, remains], Paths(busy: true, _later));
        Assert.Equal([tokens, checkpoints], Paths(busy: false, TimeProvider.System.GetUtcNow()));
        Assert.Equal(5, DiskUsage.Delete(DiskUsage.Removable(Home, _later, busy: false, sweep => sweep.Name == "done")).Count);
        Assert.True(File.Exists(_folder["experiments/default/done/pack-0/1/a/adapter_model.safetensors"]));
        Assert.True(Directory.Exists(_folder["experiments/default/cut/pack-0/1/checkpoints"]));
        Assert.False(Directory.Exists(checkpoints));
    }

    [Fact]
    public void Unreferred_LeavesWhatARecordRefersTo()
    {
        Write("cache/adapters/used/w", 7);
        Write("cache/adapters/use/w", 1);
        Write("cache/results/answers/results.json", 3);
        var used = new HashSet<string> { _folder["cache/adapters/used"], _folder["cache/results/answers/results.json"] };
        Assert.Equal([(_folder["cache/adapters/use"], 1L)], DiskUsage.Unreferred(Home, used).Select(item => (item.Path, item.Bytes)));
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(5L << 30, "5 GiB")]
    public void Size_IsReadable(long bytes, string text) => Assert.Equal(text, DiskCommand.Size(bytes));
}
