using System.Globalization;
using System.Net.Sockets;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

// AlpacaCot.Worker SOCKET [--stub SECONDS]: started by a supervisor, which opened the socket. A closed socket ends the process.
TimeSpan? stub = null;
var understood = args.Length == 1;
if (args is [_, "--stub", var text] && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1e6)
    (understood, stub) = (true, TimeSpan.FromSeconds(seconds));
if (!understood)
{
    Console.Error.WriteLine("usage: AlpacaCot.Worker SOCKET [--stub SECONDS]; it is started by ./alpacacot, not by hand");
    return 2;
}
// A Ctrl+C in the terminal is the supervisor's to handle; it tells the worker in order.
Console.CancelKeyPress += (_, e) => e.Cancel = true;

try
{
    await using var connection = await WorkerConnection.ConnectAsync(args[0], CancellationToken.None);
    await new JobHost(connection, TimeProvider.System, stub).RunAsync();
}
catch (Exception e) when (e is SocketException or ArgumentException or IOException)
{
    Console.Error.WriteLine($"the supervisor at {args[0]} is not reached any more: {e.Message}");
    return 1;
}
NativeProcess.End();
return 0;
