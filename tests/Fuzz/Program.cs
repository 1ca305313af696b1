using System.Globalization;
using System.Text.Json;
using AlpacaCot.Tests.Fuzz;
using Xunit.Runner.InProc.SystemConsole;

// FuzzTests starts this as `fuzz TARGET INPUTS SEED FOLDER`; by hand `instrument FOLDER` makes the program that counts branches. The test runner's arguments are others.
if (args is ["instrument", var to])
{
    Console.WriteLine(InstrumentedCopy.Make(Directory.CreateDirectory(to).FullName));
    return 0;
}
if (args is not ["fuzz", var name, var inputs, var seed, var folder]) return await ConsoleRunner.Run(args);
FuzzLoop.Prepare();
var target = Targets.All.Single(target => target.Name == name);
var result = new FuzzLoop(target, folder, int.Parse(seed, CultureInfo.InvariantCulture)).Run(long.Parse(inputs, CultureInfo.InvariantCulture));
Console.WriteLine(JsonSerializer.Serialize(result));
return 0;
