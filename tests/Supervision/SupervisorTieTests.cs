using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Supervision;

/// <summary>Workers and what they have started end with whoever supervises them, whatever they do just then. All with real processes.</summary>
public sealed class SupervisorTieTests : IDisposable
{
    // A process that crashes writes its memory to the disk first, which takes seconds on a busy machine.
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private WorkerStart Start(string mode) => new()
    {
        Program = typeof(SupervisorTieTests).Assembly.Location, SocketFolder = _folder["run"], LogFile = _folder["logs/w.log"], Arguments = [mode],
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SupervisorKilled_WorkerThatComputes_DiesWithIt(bool stopped)
    {
        var command = Siblings.Command(typeof(SupervisorTieTests).Assembly.Location);
        using var supervisor = Process.Start(new ProcessStartInfo(command[0], [.. command.Skip(1), _folder.Path, "supervise"]) { RedirectStandardOutput = true })!;
        var worker = int.Parse((await supervisor.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        Assert.True(Signals.Lives(worker));
        if (stopped) Signals.Send("STOP", worker);
        supervisor.Kill();
        await UntilGoneAsync(worker);
    }

    [Fact]
    public async Task SocketCloses_WorkerThatComputes_Ends()
    {
        Directory.CreateDirectory(_folder["run"]);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_folder["run/s"]));
        listener.Listen(1);
        var command = Siblings.Command(typeof(SupervisorTieTests).Assembly.Location);
        using var worker = await LastingThread.RunAsync(() => Process.Start(new ProcessStartInfo(command[0], [.. command.Skip(1), _folder["run/s"], "busy"]))!);
        using (var connection = await listener.AcceptAsync())
        {
            await using var stream = new NetworkStream(connection);
            Assert.IsType<HelloEvent>(await Frames.ReadAsync<WorkerEvent>(stream, CancellationToken.None));
        }
        await UntilGoneAsync(worker.Id);
    }

    [Fact]
    public async Task WorkerEnds_WhatItStartedEndsToo()
    {
        await using var worker = await WorkerProcess.StartAsync(Start("child"), CancellationToken.None);
        await Poll(() => File.Exists(_folder["logs/w.log"]) && File.ReadAllText(_folder["logs/w.log"]).EndsWith('\n'), "the worker has told its child");
        var child = int.Parse(File.ReadAllText(_folder["logs/w.log"]), CultureInfo.InvariantCulture);
        Assert.True(Signals.Lives(child));
        // It crashes, and says nothing more to anybody.
        await Signals.AbortAsync(worker.Id);
        await worker.EndAsync();
        await worker.DisposeAsync();
        await UntilGoneAsync(child);
    }

    [Theory]
    [InlineData("KILL", FailureKind.Transient, "signal 9")]
    [InlineData("TERM", FailureKind.Transient, "signal 15")]
    [InlineData("ABRT", FailureKind.Unknown, "signal 6")]
    public async Task End_BySignal_TellsWhetherItCameFromOutside(string signal, FailureKind kind, string says)
    {
        await using var worker = await WorkerProcess.StartAsync(Start("busy"), CancellationToken.None);
        if (signal == "ABRT") await Signals.AbortAsync(worker.Id);
        else Signals.Send(signal, worker.Id);
        // As a supervisor does: the connection closes when the process is nearly gone, after whatever it still writes.
        using var limit = new CancellationTokenSource(_limit);
        await foreach (var _ in worker.EventsAsync(limit.Token)) Assert.Fail("a worker that says nothing");
        var end = await worker.EndAsync();
        Assert.Equal(kind, end.Kind);
        Assert.Contains(says, end.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task End_LogOfAnEarlierWorker_IsNotTaken()
    {
        Directory.CreateDirectory(_folder["logs"]);
        File.WriteAllText(_folder["logs/w.log"], "Out of memory.\n");
        await using var worker = await WorkerProcess.StartAsync(Start("work"), CancellationToken.None);
        await worker.SendAsync(new StopCommand(), CancellationToken.None);
        Assert.Equal(FailureKind.Unknown, (await worker.EndAsync()).Kind);
    }

    private static Task UntilGoneAsync(int process) => Poll(() => !Signals.Lives(process), $"process {process} is gone");

    private static async Task Poll(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < _limit, $"after {_limit.TotalSeconds} s still not: {what}");
            await Task.Delay(10);
        }
    }
}
