using System.CommandLine;
using AlpacaCot.Client;
using AlpacaCot.Client.Commands;
using AlpacaCot.Worker.Protocol;

using var interrupt = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    // The first Ctrl+C ends the work in order (checkpoints, exit code 130); the second ends the process.
    if (interrupt.IsCancellationRequested) return;
    e.Cancel = true;
    interrupt.Cancel();
};

var root = CommandTree.Build(() => new ClientContext(HomeLayout.FromEnvironment(), AppContext.BaseDirectory, TimeProvider.System));
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors) Console.Error.WriteLine($"error: {error.Message}");
    Console.Error.WriteLine($"see: alpacacot {string.Join(' ', CommandTree.PathOf(parsed))} --help".Replace("  ", " ", StringComparison.Ordinal));
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
catch (Exception e) when (e is IOException or UnauthorizedAccessException or WorkerStartException or Orleans.Runtime.OrleansException or TimeoutException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return ExitCodes.Failed;
}
