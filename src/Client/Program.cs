using System.Runtime.InteropServices;
using AlpacaCot.Client.Commands;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;

ProgramStart.Prepare(results: true);
var interruption = new Interruption();
Console.CancelKeyPress += (_, e) =>
{
    // The first Ctrl+C ends the work in order (checkpoints, exit code 130); the second ends the process.
    e.Cancel = interruption.Request();
};
// Whoever ends this program in order means its work too: the silo that it started, for one.
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = interruption.Request());

return await CommandLine.RunAsync(
    args,
    () =>
    {
        var home = HomeLayout.FromEnvironment();
        return new ClientContext(home, PlatformPrograms.Beside(home, AppContext.BaseDirectory), TimeProvider.System)
        {
            Cluster = Environment.GetEnvironmentVariable(PlatformCluster.Variable) is { Length: > 0 } cluster ? cluster : null,
            View = new ConsoleView(TimeProvider.System),
            Hold = interruption.Hold,
        };
    },
    interruption.Token);
