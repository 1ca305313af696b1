using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using AlpacaCot.Files;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

// AlpacaCot.Worker SOCKET [--device cpu|cuda:N] [--stub SECONDS]: started by a supervisor, which opened the socket. A closed socket ends the process.
ProgramStart.Prepare(results: false);
TimeSpan? stub = null;
var device = "cpu";
var understood = args.Length % 2 == 1;
for (var i = 1; i + 1 < args.Length; i += 2)
    switch (args[i])
    {
        case "--stub" when double.TryParse(args[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1e6:
            stub = TimeSpan.FromSeconds(seconds);
            break;
        case "--device":
            device = args[i + 1];
            break;
        default:
            understood = false;
            break;
    }
if (!understood)
{
    Console.Error.WriteLine("usage: AlpacaCot.Worker SOCKET [--device cpu|cuda:N] [--stub SECONDS]; it is started by ./alpacacot, not by hand");
    return 2;
}
// A Ctrl+C in the terminal is the supervisor's to handle; it tells the worker in order.
Console.CancelKeyPress += (_, e) => e.Cancel = true;
// Whoever ends this process means it: what it computes on native threads is not waited for. The code is the one that shells give for the signal.
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => ProgramStart.End(128 + 15));

try
{
    await using var connection = await WorkerConnection.ConnectAsync(args[0], CancellationToken.None);
    await new JobHost(connection, TimeProvider.System, stub, device).RunAsync();
}
catch (Exception e) when (e is SocketException or ArgumentException or IOException)
{
    Console.Error.WriteLine($"the supervisor at {args[0]} is not reached any more: {e.Message}");
    ProgramStart.End(1);
}
ProgramStart.End(0);
return 0;
