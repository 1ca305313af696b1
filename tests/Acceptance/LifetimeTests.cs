using System.Diagnostics;
using System.Net.Sockets;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Who ends when: silos that commands have started, and the workers of both. All with real processes.</summary>
[Collection(OneAtATime.Name), Trait("Category", "Acceptance")]
public sealed class LifetimeTests(Bases bases) : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);

    /// <summary>What a user takes for at once, on a machine that does other things as well.</summary>
    private static readonly TimeSpan _seconds = TimeSpan.FromSeconds(60);

    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    private string Long(string name) => Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, name, steps: 4000, checkpointSteps: 10), $"{name}.yaml");

    private string Short(string name, int steps = 4) => Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, name, steps: steps), $"{name}.yaml");

    private Task TrainsAsync(string name) => Home.UntilAsync(() => Sweeps.LastCheckpoint(_home, name) >= 10, $"the sweep {name} trains");

    private Task NothingLeftAsync() => Home.UntilAsync(() => _home.Processes().Count == 0, "nothing of the home runs", _seconds);

    [Fact]
    public async Task Run_InTheSiloOfAnotherCommand_GoesOnWhenThatEnds()
    {
        var first = _home.Start("sweep", "run", Short("first"), "--json");
        await Home.UntilAsync(() => File.Exists(_home["run/silo.sock"]), "the first command's silo is up");
        var guest = _home.Start("sweep", "run", Short("guest", steps: 200), "--json");
        (await first.EndAsync(_limit)).Done();
        (await guest.EndAsync(_limit)).Done();
        await NothingLeftAsync();
    }

    [Fact]
    public async Task List_SiloGoneWhileItConnects_ReadsTheRecords()
    {
        var silo = _home.StartProgram(Programs.Silo);
        await Home.UntilAsync(() => silo.Said.Contains("silo ready", StringComparison.Ordinal), "the silo is up");
        // Whoever connects is let through until the silo has greeted, and then is alone: what he asks next gets no answer.
        var (door, behind) = (_home["run/silo.sock"], _home["run/behind.sock"]);
        File.Move(door, behind);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(door));
        listener.Listen();
        var list = _home.Start("sweep", "list");
        using (var client = await listener.AcceptAsync())
        using (var there = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await there.ConnectAsync(new UnixDomainSocketEndPoint(behind));
            var buffer = new byte[1 << 16];
            var asking = Task.Run(async () =>
            {
                for (int count; (count = await client.ReceiveAsync(buffer)) > 0;) await there.SendAsync(buffer.AsMemory(0, count));
            });
            var greeting = new byte[1 << 16];
            await client.SendAsync(greeting.AsMemory(0, await there.ReceiveAsync(greeting)));
            await there.ReceiveAsync(greeting);
            listener.Close();
            File.Delete(door);
            silo.Process.Kill();
            client.Close();
            await Task.WhenAny(asking);   // it may end in an error: both ends are gone
        }
        (await list.EndAsync(_seconds)).Done();
    }

    [Fact]
    public async Task Ask_WhereAnotherSweepIsUnfinished_LeavesItAlone()
    {
        var done = (await _home.RunAsync("sweep", "run", Short("done"), "--json")).Done().Json();
        var left = _home.Start("sweep", "run", Long("left"));
        await TrainsAsync("left");
        Signals.Send("INT", left.Process.Id);
        (await left.EndAsync(_seconds)).Ended(130);
        var before = (await _home.RunAsync("sweep", "status", "left", "--json")).Done().Output;
        // One slot is all that the command's silo has: the unfinished sweep would take it.
        foreach (var trial in (string[])[done.GetProperty("trials")[0].GetProperty("name").GetString()!, done.GetProperty("trials")[1].GetProperty("name").GetString()!])
            (await _home.RunAsync("sweep", "ask", "done", trial, "--prompt", "2 + 3", "--max-new-tokens", "4")).Done();
        Assert.Equal(before, (await _home.RunAsync("sweep", "status", "left", "--json")).Done().Output);
        await NothingLeftAsync();
    }

    [Fact]
    public async Task Run_ClientKilled_TheSweepGoesOnToItsEnd_AndTheSiloEndsThen()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "orphan", steps: 200, checkpointSteps: 10)));
        await TrainsAsync("orphan");
        run.Process.Kill();
        await Home.UntilAsync(() => _home.Processes().Count == 0, "the silo ends when its sweep has", _limit);
        Assert.Equal("done", (await _home.RunAsync("sweep", "status", "orphan", "--json")).Done().Json().GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("Client")]
    [InlineData("Silo")]
    public async Task Terminated_EverythingEndsWithinSeconds(string program)
    {
        var run = _home.Start("sweep", "run", Long("cut"));
        await TrainsAsync("cut");
        var clock = Stopwatch.StartNew();
        Signals.Send("TERM", program == "Client" ? run.Process.Id : Assert.Single(_home.Processes("Silo")));
        await NothingLeftAsync();
        Assert.True(clock.Elapsed < _seconds, $"it took {clock.Elapsed.TotalSeconds:0} s");
        var ended = (await run.EndAsync(_seconds)).Ended(program == "Client" ? 130 : 1);
        Assert.Contains("sweep resume cut", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkerTerminated_CostsNothing()
    {
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "hit", steps: 400, checkpointSteps: 10)), "--json");
        await TrainsAsync("hit");
        Signals.Send("TERM", Assert.Single(_home.Processes("Worker")));
        Assert.All((await run.EndAsync(_limit)).Done().Json().GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    public async Task Tool_ClientEnded_TheWorkerEndsToo(string signal)
    {
        var tool = _home.Start("model", "pretrain", _home["base"], "--steps", "5000", "--hidden", "32", "--layers", "1", "--heads", "2");
        await Home.UntilAsync(() => tool.Said.Contains("train", StringComparison.Ordinal) && _home.Processes("Worker").Count == 1, "the worker computes");
        Signals.Send(signal, tool.Process.Id);
        await NothingLeftAsync();
        if (signal == "TERM") (await tool.EndAsync(_seconds)).Ended(130);
    }

    [Fact]
    public async Task Silo_GpusThatAreNotThere_IsRefused()
    {
        var refused = await _home.RunAsync("silo", "--gpus", "64");
        refused.Refused(2, "--gpus 64", "GPU", "looked for", "/dev/nvidia0", "CUDA_VISIBLE_DEVICES");
        await NothingLeftAsync();
    }
}
