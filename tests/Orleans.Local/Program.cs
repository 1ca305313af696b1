using AlpacaCot.Tests.LocalSilo.Processes;

// The tests start this assembly as a process of its own where a process must die or be another one.
return await ChildProcess.RunAsync(args);
