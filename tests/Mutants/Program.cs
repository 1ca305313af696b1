using AlpacaCot.Tests.Mutants;
using Xunit.Runner.InProc.SystemConsole;

// `./alpacacot test --mutants [ROOM…]` starts this as `plant CHECKOUT ROOM…`; the test runner's arguments are others.
if (args is not ["plant", var checkout, .. var rooms]) return await ConsoleRunner.Run(args);
try
{
    return FaultRun.Run(checkout, rooms);
}
catch (Exception e) when (e is FormatException or InvalidOperationException or IOException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 2;
}
