using System.CommandLine;
using System.Runtime.InteropServices;
using AlpacaCot.Client;
using AlpacaCot.Client.Commands;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Supervision;

using var interrupt = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    // The first Ctrl+C ends the work in order (checkpoints, exit code 130); the second ends the process.
    if (interrupt.IsCancellationRequested) return;
    e.Cancel = true;
    interrupt.Cancel();
};
// Whoever ends this program in order means its work too: the silo that it started, for one.
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    interrupt.Cancel();
});

var root = CommandTree.Build(() => new ClientContext(HomeLayout.FromEnvironment(), AppContext.BaseDirectory, TimeProvider.System)
{
    Cluster = Environment.GetEnvironmentVariable(PlatformCluster.Variable) is { Length: > 0 } cluster ? cluster : null,
});
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    WrongUsage.Print(parsed, Console.Error);
    return ExitCodes.Wrong;
}
try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupt.Token);
}
catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
{
    Console.Error.WriteLine("cancelled");
    return ExitCodes.Cancelled;
}
catch (ClientException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return e.ExitCode;
}
catch (Exception e)
{
    // No stack trace reaches a user; whatever was not foreseen is named by its kind.
    var kind = e is IOException or UnauthorizedAccessException or WorkerStartException or TimeoutException or OrleansException ? "" : $"{e.GetType().Name}: ";
    Console.Error.WriteLine($"error: {kind}{e.Message.ReplaceLineEndings(" ")}");
    return ExitCodes.Failed;
}
