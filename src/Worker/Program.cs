using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

// AlpacaCot.Worker SOCKET [--stub SECONDS]: started by a supervisor, which opened the socket. A closed socket ends the process.
if (args.Length is not (1 or 3) || (args.Length == 3 && args[1] != "--stub"))
{
    Console.Error.WriteLine("usage: AlpacaCot.Worker SOCKET [--stub SECONDS]; it is started by ./alpacacot, not by hand");
    return 2;
}
// A Ctrl+C in the terminal is the supervisor's to handle; it tells the worker in order.
Console.CancelKeyPress += (_, e) => e.Cancel = true;

var stub = args.Length == 3 ? TimeSpan.FromSeconds(double.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture)) : (TimeSpan?)null;
await using var connection = await WorkerConnection.ConnectAsync(args[0], CancellationToken.None);
await new JobHost(connection, TimeProvider.System, stub).RunAsync();
NativeProcess.End();
return 0;
