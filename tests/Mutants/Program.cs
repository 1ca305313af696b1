using AlpacaCot.Tests.Mutants;
using Xunit.Runner.InProc.SystemConsole;

// `./alpacacot test --mutants [--sample N] [ROOM…]` starts this as `plant CHECKOUT …`; the test runner's arguments are others.
if (args is not ["plant", var checkout, .. var rooms]) return await ConsoleRunner.Run(args);
try
{
    if (rooms is not ["--sample", var most, .. var some]) return FaultRun.Run(checkout, rooms, int.MaxValue);
    return int.TryParse(most, out var count) && count > 0 ? FaultRun.Run(checkout, some, count) : throw new FormatException($"--sample needs a number of faults, and got '{most}'");
}
catch (Exception e) when (e is FormatException or InvalidOperationException or IOException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 2;
}
