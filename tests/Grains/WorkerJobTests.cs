using AlpacaCot.Specs;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Grains;

/// <summary>One worker has one job at a time.</summary>
public sealed class WorkerJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_WhileAJobRuns_IsRefusedAndTheFirstGoesOn()
    {
        await using var worker = await WorkerProcess.StartAsync(
            new WorkerStart { Program = Siblings.Find(AppContext.BaseDirectory, "Worker"), Arguments = ["--stub", "1"], SocketFolder = _folder["run"], LogFile = _folder["logs/w.log"] }, CancellationToken.None);
        var job = Platform.Job(_folder, trials: 3);
        await worker.SendAsync(new StartCommand("pack-0", 5, job), CancellationToken.None);
        await worker.SendAsync(new StartCommand("pack-1", 6, job), CancellationToken.None);
        var ended = new List<FailedEvent>();
        await foreach (var news in worker.EventsAsync(CancellationToken.None))
        {
            Assert.False(news is StartedEvent { Fence: 6 } or DoneEvent, $"{news} was not to be");
            if (news is not FailedEvent failed) continue;
            ended.Add(failed);
            if (failed.Fence == 5) break;
            await worker.SendAsync(new CancelCommand("pack-0", 5), CancellationToken.None);
        }
        Assert.Equal([("pack-1", 6L), ("pack-0", 5L)], ended.Select(e => (e.Assignment, e.Fence)));
        Assert.Contains("has a job already", ended[0].Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.Cancelled, ended[1].Kind);
    }
}
