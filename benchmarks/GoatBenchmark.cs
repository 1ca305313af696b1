using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Data.Goat;
using AlpacaCot.Specs;

namespace AlpacaCot.Benchmarks;

/// <summary>Goat's arithmetic: rows of the published table made, and every step of their answers checked.</summary>
internal static class GoatBenchmark
{
    /// <summary>The command.</summary>
    public static Command Command()
    {
        Option<int> count = Options.Count("--count", "Rows", 200_000), rounds = Options.Count("--rounds", "Measured this often; medians are told", 5), threads = Options.Count("--threads", "Threads", 1);
        var command = new Command("goat", "Rows of Goat's published table: made per second, and verified per second step by step") { count, rounds, threads };
        command.SetAction(parsed =>
        {
            var options = new GoatOptions { Paper = true, Count = parsed.GetValue(count) };
            var many = parsed.GetValue(threads);
            List<GoatItem> items = [];
            List<double> made = [], verified = [];
            for (var round = 0; round <= parsed.GetValue(rounds); round++)
            {
                var clock = Stopwatch.StartNew();
                items = [.. GoatGenerator.Stream(options, seed: 1, many)];
                made.Add(clock.Elapsed.TotalSeconds);
                clock.Restart();
                var right = many == 1 ? items.Count(IsRight) : items.AsParallel().WithDegreeOfParallelism(many).Count(IsRight);
                verified.Add(clock.Elapsed.TotalSeconds);
                if (right != items.Count) throw new BenchmarkException($"{items.Count - right} of {items.Count} rows are refused by the verifier");
            }
            // The first round is not counted: the loops are compiled in it.
            double Median(List<double> seconds) => TokenizeBenchmark.Median(seconds.Skip(1));
            Options.Print(parsed, new { benchmark = "goat", made_per_s = Math.Round(items.Count / Median(made)), verified_per_s = Math.Round(items.Count / Median(verified)), rows = items.Count, threads = many });
        });
        return command;
    }

    private static bool IsRight(GoatItem item) => GoatVerifier.Verify(item.Question, item.Record.Output).Accepted;
}
