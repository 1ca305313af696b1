using System.Diagnostics;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Supervision;

/// <summary>What a supervisor leaves behind of a worker: its log, and no process.</summary>
public sealed class WorkerLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_Again_TheOldLogIsKept()
    {
        for (var i = 0; i < 2; i++) await Assert.ThrowsAsync<WorkerStartException>(() => WorkerProcess.StartAsync(Start("exit"), TestContext.Current.CancellationToken));
        Assert.Equal(2, File.ReadAllLines(_folder["logs/w.log"]).Count(line => line == "the device is gone"));
    }

    [Fact]
    public async Task Start_RefusedAfterTheProcessRuns_TheProcessIsEnded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are looked up in /proc");
        await Assert.ThrowsAsync<WorkerStartException>(() => WorkerProcess.StartAsync(Start("stuck") with { HelloTimeout = TimeSpan.FromSeconds(0.5) }, TestContext.Current.CancellationToken));
        var clock = Stopwatch.StartNew();
        while (Running().Any() && clock.Elapsed < TimeSpan.FromSeconds(60)) await Task.Yield();
        Assert.Empty(Running());
    }

    [Fact]
    public async Task Start_VariablesOfTheCaller_ReachTheWorker()
    {
        var start = Start("environment") with { Environment = new Dictionary<string, string> { ["OMP_NUM_THREADS"] = "3" } };
        await Assert.ThrowsAsync<WorkerStartException>(() => WorkerProcess.StartAsync(start, TestContext.Current.CancellationToken));
        Assert.Equal("OMP_NUM_THREADS=3", File.ReadAllText(_folder["logs/w.log"]).Trim());
    }

    private WorkerStart Start(string mode) => new()
    {
        Program = typeof(WorkerLogTests).Assembly.Location, SocketFolder = _folder["run"], LogFile = _folder["logs/w.log"], Arguments = [mode],
    };

    private IEnumerable<string> Running() => Directory.EnumerateDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _)).Select(CommandLine)
        .Where(line => line.Contains(_folder["run"], StringComparison.Ordinal));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";   // it ended in between
        }
    }
}
