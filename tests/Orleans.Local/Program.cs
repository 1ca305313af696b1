using AlpacaCot.Tests.LocalSilo.Processes;

// The tests start this assembly as a process of its own where a process must die or be another one.
if (args is not [[>= 'a' and <= 'z', ..], ..]) return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
return await ChildProcess.RunAsync(args);
