using System.Net.Sockets;
using AlpacaCot.Supervision;
using AlpacaCot.Tests.Supervision;
using AlpacaCot.Worker.Protocol;
using Xunit.Runner.InProc.SystemConsole;

// Started with a socket's path this is a worker that behaves as its second argument says; the test runner's arguments are options.
if (args is not [['/', ..], _]) return await ConsoleRunner.Run(args);
var (path, mode) = (args[0], args[1]);
if (mode == "exit")
{
    Console.Error.WriteLine("the device is gone");
    return 3;
}
if (mode == "environment")
{
    Console.WriteLine($"OMP_NUM_THREADS={Environment.GetEnvironmentVariable("OMP_NUM_THREADS")}");
    return 0;
}
// The socket's folder is watched by the test, which connects first.
if (mode == "late") await Task.Delay(500);
if (mode is "work" or "late")
{
    await using var connection = await WorkerConnection.ConnectAsync(path, CancellationToken.None);
    await foreach (var command in connection.CommandsAsync(CancellationToken.None))
        switch (command)
        {
            case StartCommand start:
                await connection.SendAsync(new StartedEvent(start.Assignment, start.Fence), CancellationToken.None);
                await connection.SendAsync(new DoneEvent(start.Assignment, start.Fence, 0.5, 1), CancellationToken.None);
                break;
            case StopCommand:
                Console.Error.WriteLine("told to stop");
                return 7;
        }
    return 0;
}
if (mode == "supervise")
{
    var supervised = await WorkerProcess.StartAsync(
        new WorkerStart { Program = typeof(SupervisorTieTests).Assembly.Location, SocketFolder = Path.Combine(path, "run"), LogFile = Path.Combine(path, "logs/w.log"), Arguments = ["busy"] }, CancellationToken.None);
    Console.WriteLine(supervised.Id);
    await Task.Delay(Timeout.Infinite);
}
if (mode is "busy" or "child")
{
    await using var connection = await WorkerConnection.ConnectAsync(path, CancellationToken.None);
    // The word comes last: whoever waits for the line finds all of it.
    if (mode == "child") Console.Error.WriteLine(System.Diagnostics.Process.Start("sleep", ["300"]).Id);
    // Reads nothing and has no thread to spare: what a worker in a long computation looks like from outside.
    while (true) Thread.SpinWait(1 << 20);
}
if (mode == "vanish")
{
    await using var connection = await WorkerConnection.ConnectAsync(path, CancellationToken.None);
    await foreach (var _ in connection.CommandsAsync(CancellationToken.None))
    {
        Console.Error.WriteLine("the driver is gone");
        return 6;
    }
}
if (mode == "serve") return await ServingWorker.RunAsync(path);
if (mode == "prepare") return await PreparingWorker.RunAsync(path);
using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
await using var stream = new NetworkStream(socket);
switch (mode)
{
    case "close":
        Console.Error.WriteLine("changed its mind");
        return 4;
    case "old":
        await Frames.WriteAsync<WorkerEvent>(stream, new HelloEvent(Frames.Version + 1, Environment.ProcessId), CancellationToken.None);
        break;
    case "impostor":
        await Frames.WriteAsync<WorkerEvent>(stream, new HelloEvent(Frames.Version, 1), CancellationToken.None);
        break;
    case "text":
        await stream.WriteAsync("HTTP/1.1 400 Bad Request"u8.ToArray());
        break;
    case "cut":
        await Frames.WriteAsync<WorkerEvent>(stream, new HelloEvent(Frames.Version, Environment.ProcessId), CancellationToken.None);
        await Frames.WriteAsync<WorkerEvent>(stream, new StartedEvent("a", 1), CancellationToken.None);
        await stream.WriteAsync(new byte[] { 100, 0, 0, 0, (byte)'{' });
        return 5;
    case "stuck":   // does not notice that the supervisor is gone
        await Task.Delay(TimeSpan.FromMinutes(10));
        return 0;
}
// Says nothing more, until the supervisor closes.
_ = await stream.ReadAsync(new byte[1]);
return 0;
