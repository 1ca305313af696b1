using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Data.Goat;
using AlpacaCot.Specs;

namespace AlpacaCot.Benchmarks;

/// <summary>Goat's arithmetic: rows of the published table made, and every step of their answers checked.</summary>
internal static class GoatBenchmark
{
    /// <summary>Rows that are made, with the clock stopped, before they are verified together.</summary>
    private const int PartRows = 1000;

    /// <summary>The command.</summary>
    public static Command Command()
    {
        Option<int> count = Options.Count("--count", "Rows", 200_000), rounds = Options.Count("--rounds", "Measured this often; medians are told", 5), threads = Options.Count("--threads", "Threads", 1);
        var command = new Command("goat", "Rows of Goat's published table: made per second, and verified per second step by step") { count, rounds, threads };
        command.SetAction(parsed =>
        {
            var options = new GoatOptions { Paper = true, Count = parsed.GetValue(count) };
            var many = parsed.GetValue(threads);
            var rows = 0;
            List<double> made = [], verified = [];
            for (var round = 0; round <= parsed.GetValue(rounds); round++)
            {
                // As `data goat` and the preparation take them: one row after the other, and none is kept.
                var clock = Stopwatch.StartNew();
                rows = 0;
                foreach (var _ in GoatGenerator.Stream(options, seed: 1, many)) rows++;
                made.Add(clock.Elapsed.TotalSeconds);
                clock.Reset();
                var right = 0;
                foreach (var part in GoatGenerator.Stream(options, seed: 1, many).Chunk(PartRows))
                {
                    clock.Start();
                    right += many == 1 ? part.Count(IsRight) : part.AsParallel().WithDegreeOfParallelism(many).Count(IsRight);
                    clock.Stop();
                }
                verified.Add(clock.Elapsed.TotalSeconds);
                if (right != rows) throw new BenchmarkException($"{rows - right} of {rows} rows are refused by the verifier");
            }
            // The first round is not counted: the loops are compiled in it.
            double Median(List<double> seconds) => TokenizeBenchmark.Median(seconds.Skip(1));
            Options.Print(parsed, new { benchmark = "goat", made_per_s = Math.Round(rows / Median(made)), verified_per_s = Math.Round(rows / Median(verified)), rows, threads = many });
        });
        return command;
    }

    private static bool IsRight(GoatItem item) => GoatVerifier.Verify(item.Question, item.Record.Output).Accepted;
}
