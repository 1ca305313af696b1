using System.Text.Json;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Tests.Supervision;

/// <summary>Real child processes that keep to the protocol, or do not.</summary>
public sealed class WorkerProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private WorkerStart Start(string mode) => new()
    {
        Program = typeof(WorkerProcessTests).Assembly.Location, SocketFolder = _folder["run"], LogFile = _folder["logs/w.log"], Arguments = [mode],
    };

    private Task<WorkerProcess> StartAsync(string mode) => WorkerProcess.StartAsync(Start(mode), CancellationToken.None);

    private async Task<string> RefusalAsync(WorkerStart start)
    {
        var e = await Assert.ThrowsAsync<WorkerStartException>(() => WorkerProcess.StartAsync(start, CancellationToken.None));
        if (Directory.Exists(start.SocketFolder)) Assert.Empty(Directory.EnumerateFileSystemEntries(start.SocketFolder));
        return e.Message;
    }

    [Fact]
    public async Task Start_MissingProgram_NamesIt() => Assert.Contains("/no/such.dll", await RefusalAsync(Start("work") with { Program = "/no/such.dll" }), StringComparison.Ordinal);

    [Fact]
    public async Task Start_ProgramThatEndsAtOnce_TellsCodeAndLastWords()
    {
        var message = await RefusalAsync(Start("exit"));
        Assert.Contains("code 3", message, StringComparison.Ordinal);
        Assert.Contains("the device is gone", message, StringComparison.Ordinal);
        Assert.Contains(_folder["logs/w.log"], message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ProgramThatConnectsAndEnds_TellsCodeAndLastWords()
    {
        var message = await RefusalAsync(Start("close"));
        Assert.Contains("code 4", message, StringComparison.Ordinal);
        Assert.Contains("changed its mind", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OtherVersion_NamesBoth()
        => Assert.Contains($"version {Frames.Version + 1} of the protocol, this program {Frames.Version}", await RefusalAsync(Start("old")), StringComparison.Ordinal);

    [Fact]
    public async Task Start_ProgramOfAnotherLanguage_IsNamed() => Assert.Contains("does not speak the worker protocol", await RefusalAsync(Start("text")), StringComparison.Ordinal);

    [Fact]
    public async Task Start_NoHello_EndsAfterTheTimeout()
        => Assert.Contains("no hello within 0.7 s", await RefusalAsync(Start("silent") with { HelloTimeout = TimeSpan.FromSeconds(0.7) }), StringComparison.Ordinal);

    [Fact]
    public async Task Start_Cancelled_IsACancellation()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(0.3));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WorkerProcess.StartAsync(Start("silent"), stop.Token));
    }

    [Fact]
    public async Task Start_LongSocketFolder_IsReachedAllTheSame()
    {
        await using var worker = await WorkerProcess.StartAsync(Start("work") with { SocketFolder = _folder[new string('x', 200)] }, CancellationToken.None);
        await worker.SendAsync(new StopCommand(), CancellationToken.None);
        Assert.Contains("told to stop", await worker.DescribeEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_HelloOfAnotherProcess_IsRefused() => Assert.Contains("says that it is process 1,", await RefusalAsync(Start("impostor")), StringComparison.Ordinal);

    /// <summary>Another process of the same user is quicker to connect than the worker: it is not taken for the worker.</summary>
    [Fact]
    public async Task Start_StrangerConnectsFirst_TheWorkerIsTakenAllTheSame()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the process at the other end is known on Linux");
        var starting = WorkerProcess.StartAsync(Start("late"), CancellationToken.None);
        string? path = null;
        while (path is null) path = Directory.Exists(_folder["run"]) ? Directory.EnumerateFileSystemEntries(_folder["run"], "w*").FirstOrDefault() : null;
        // This process, for one, was not started as the worker.
        using var stranger = await LocalSocket.ConnectAsync(path, CancellationToken.None);
        await using var worker = await starting;
        Assert.Equal(0, await stranger.ReceiveAsync(new byte[1]));
        await worker.SendAsync(new StopCommand(), CancellationToken.None);
        Assert.Contains("told to stop", await worker.DescribeEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SocketFolderThatIsAFile_IsNamed()
    {
        File.WriteAllText(_folder["run"], "");
        var e = await Assert.ThrowsAsync<WorkerStartException>(() => StartAsync("work"));
        Assert.Contains(_folder["run"], e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_TwoJobs_AreAnsweredByOneProcess()
    {
        await using var worker = await StartAsync("work");
        // Nobody else can connect: the socket has no name any more.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["run"]));
        await using var events = worker.EventsAsync(CancellationToken.None).GetAsyncEnumerator();
        foreach (var fence in (long[])[1, 2])
        {
            await worker.SendAsync(new StartCommand("a", fence, new ToolJob(new DoctorRequest(), new WorkerFolders("", "", ""))), CancellationToken.None);
            Assert.True(await events.MoveNextAsync());
            Assert.Equal(new StartedEvent("a", fence), events.Current);
            Assert.True(await events.MoveNextAsync());
            Assert.Equal(new DoneEvent("a", fence, 0.5, 1), events.Current);
        }
        Assert.False(worker.HasExited);
    }

    [Fact]
    public async Task Stop_EndsTheEventsAndIsDescribed()
    {
        await using var worker = await StartAsync("work");
        await worker.SendAsync(new StopCommand(), CancellationToken.None);
        Assert.Empty(await ListAsync(worker));
        Assert.Equal($"the worker (process {worker.Id}) ended with code 7: told to stop", await worker.DescribeEndAsync());
        Assert.True(worker.HasExited);
    }

    [Fact]
    public async Task Kill_EndsTheEventsAndNamesTheSignal()
    {
        await using var worker = await StartAsync("work");
        worker.Kill();
        Assert.Empty(await ListAsync(worker));
        Assert.Contains("signal 9", await worker.DescribeEndAsync(), StringComparison.Ordinal);
        worker.Kill();
    }

    [Fact]
    public async Task Events_WorkerThatDiesInsideAFrame_EndAfterTheLastWholeOne()
    {
        await using var worker = await StartAsync("cut");
        Assert.Equal([new StartedEvent("a", 1)], await ListAsync(worker));
        Assert.Contains("code 5", await worker.DescribeEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_ToAWorkerThatIsGone_IsAnIOException()
    {
        await using var worker = await StartAsync("work");
        worker.Kill();
        await ListAsync(worker);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true) await worker.SendAsync(new CancelCommand("a", 1), CancellationToken.None);
        });
    }

    [Fact]
    public async Task Dispose_EndsTheProcessAndTheEvents_AndMayBeRepeated()
    {
        var worker = await StartAsync("work");
        var events = ListAsync(worker);
        await worker.DisposeAsync();
        await worker.DisposeAsync();
        Assert.Empty(await events);
        Assert.True(worker.HasExited);
        Assert.False(Directory.Exists($"/proc/{worker.Id}"));
        Assert.Contains("ended by its supervisor", await worker.DescribeEndAsync(), StringComparison.Ordinal);
    }

    private static async Task<List<WorkerEvent>> ListAsync(WorkerProcess worker)
    {
        var events = new List<WorkerEvent>();
        await foreach (var news in worker.EventsAsync(CancellationToken.None)) events.Add(news);
        return events;
    }
}
