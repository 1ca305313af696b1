using System.CommandLine;
using AlpacaCot.Benchmarks;
using AlpacaCot.Files;

ProgramStart.Prepare(results: true);
return await BenchmarkProgram.RunAsync(args, new InvocationConfiguration());
