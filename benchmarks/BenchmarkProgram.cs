using System.CommandLine;
using AlpacaCot.Adapters;
using AlpacaCot.Client.Library;
using AlpacaCot.Data;
using AlpacaCot.Evaluation;
using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;
using AlpacaCot.Training;

namespace AlpacaCot.Benchmarks;

/// <summary>What was asked for cannot be measured; one line for people.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);

/// <summary><c>bench</c>: figures of one benchmark as JSON lines on stdout.</summary>
internal static class BenchmarkProgram
{
    private const int Done = 0, Failed = 1, Wrong = 2, Cancelled = 130;

    /// <summary>Every benchmark, in the order of <c>--list</c>.</summary>
    private static IReadOnlyList<Command> Benchmarks() =>
    [
        TrainingBenchmark.Command(), CoTrainingBenchmark.Command(), GrowthBenchmark.Command(), DecodeBenchmark.Command(), ScoringBenchmark.Command(), LoadBenchmark.Command(), MemoryBenchmark.Command(), TokenizeBenchmark.Command(), EncodeBenchmark.Command(),
        PrepareBenchmark.Command(), GoatBenchmark.Command(),
        SchedulerBenchmark.Command(), ReportBenchmark.Command(),
    ];

    /// <summary>The command with each benchmark below it.</summary>
    public static RootCommand Command()
    {
        var list = new Option<bool>("--list") { Description = "Explain each benchmark" };
        var json = new Option<bool>("--json") { Description = "Figures are JSON lines with or without it; with it, profiles too", Recursive = true };
        var root = new RootCommand("Measure: figures are JSON lines on stdout. ./alpacacot bench NAME --help shows a benchmark's options") { list, json };
        foreach (var benchmark in Benchmarks()) root.Subcommands.Add(benchmark);
        root.SetAction(parsed =>
        {
            if (!parsed.GetValue(list)) throw new BenchmarkException("name a benchmark; bench --list explains each");
            var width = root.Subcommands.Max(benchmark => benchmark.Name.Length) + 2;
            foreach (var benchmark in root.Subcommands) parsed.InvocationConfiguration.Output.WriteLine($"{benchmark.Name.PadRight(width)}{benchmark.Description}");
        });
        return root;
    }

    /// <summary>Runs one; whatever goes wrong is one line on stderr and an exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, InvocationConfiguration configuration, CancellationToken cancellationToken = default)
    {
        var root = Command();
        configuration.EnableDefaultExceptionHandler = false;
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            var unknown = arguments[0].StartsWith('-') || root.Subcommands.Any(benchmark => benchmark.Name == arguments[0]) ? null : arguments[0];
            configuration.Error.WriteLine(unknown is null ? $"error: {parsed.Errors[0].Message}" : $"error: there is no benchmark '{unknown}'; known are {string.Join(", ", root.Subcommands.Select(benchmark => benchmark.Name))}");
            return Wrong;
        }
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            configuration.Error.WriteLine("cancelled");
            return Cancelled;
        }
        catch (ClientException e)
        {
            return Say(e.Message, e.ExitCode);
        }
        catch (Exception e) when (e is AdapterException or BenchmarkException or HomeException or TrainingException or ModelException or TokenizerException or DatasetException or EvaluationException or InvalidDataException)
        {
            return Say(e.Message, Wrong);
        }
        catch (Exception e)
        {
            // No stack trace reaches a user; whatever was not foreseen is named by its kind.
            return Say($"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}", Failed);
        }

        int Say(string problem, int code)
        {
            configuration.Error.WriteLine($"error: {problem}");
            return code;
        }
    }
}
