using AlpacaCot.Specs;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Grains;

/// <summary>The worker program itself, as a slot sees it.</summary>
public sealed class WorkerStubTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Cancel_OfAnotherFenceOrAssignment_IsIgnored()
    {
        await using var worker = await WorkerProcess.StartAsync(
            new WorkerStart { Program = Siblings.Find(AppContext.BaseDirectory, "Worker"), Arguments = ["--stub", "1"], SocketFolder = _folder["run"], LogFile = _folder["logs/w.log"] }, CancellationToken.None);
        var job = Platform.Job(_folder, trials: 3);
        await worker.SendAsync(new StartCommand("pack-0", 5, job), CancellationToken.None);
        foreach (var (assignment, fence) in ((string, long)[])[("pack-0", 4), ("pack-0", 6), ("pack-1", 5)]) await worker.SendAsync(new CancelCommand(assignment, fence), CancellationToken.None);
        var results = 0;
        WorkerEvent? last = null;
        await foreach (var news in worker.EventsAsync(CancellationToken.None))
        {
            last = news;
            if (news is ResultEvent && ++results == 2) await worker.SendAsync(new CancelCommand("pack-0", 5), CancellationToken.None);
            if (news is DoneEvent or FailedEvent) break;
        }
        Assert.Equal(2, results);
        Assert.Equal((FailureKind.Cancelled, 5L), Assert.IsType<FailedEvent>(last) is var failed ? (failed.Kind, failed.Fence) : default);
    }
}
